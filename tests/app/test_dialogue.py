"""What a text means in a conversation: an answer, a correction, a withdrawal, a new command."""

from __future__ import annotations

import threading

import pytest

from app.dialogue import NewCommand, Revised, Withdrawn, read
from app.questions import Unclear, question_for
from app.sessions import Session, Sessions
from knowledge_base import KnowledgeBase
from schemas.commands import GoTo, PickObject, RobotCommand
from schemas.grounding import Candidate, EntityKind, Grounding, Method, Status

TABLES = tuple(
    Candidate(id=name.replace(" ", "_"), name=name, kind=EntityKind.PLACEMENT, room=room, score=0.6)
    for name, room in (("kitchen table", "kitchen"), ("side tables", "living room"))
)
WHICH_TABLE = Grounding(
    phrase="table", status=Status.AMBIGUOUS, score=0.6, method=Method.HEAD, alternatives=TABLES
)
APPLE = Grounding(phrase="apple", status=Status.KNOWN, name="apple", score=1.0, method=Method.EXACT)


@pytest.fixture
def asked() -> Session:
    """The robot was told to take the apple to the table, and asked which one."""
    return Session(
        utterance="take the apple to the table",
        spoken=(
            PickObject(action="pick_object", object_to_pick="apple"),
            GoTo(action="go_to", location_to_go="table"),
        ),
        groundings=({"object_to_pick": APPLE}, {"location_to_go": WHICH_TABLE}),
        asked=True,
    )


@pytest.fixture
def turn(arena: KnowledgeBase):  # type: ignore[no-untyped-def]
    def ground(command: RobotCommand) -> dict[str, Grounding]:
        return arena.ground((command,), "")[0]

    return lambda text, session: read(text, session, ground)


@pytest.mark.parametrize(
    "text",
    [
        "stop",
        "Stop!",
        "cancel",
        "please stop",
        "never mind",
        "robot, stop",
        "forget it",
        "cancel that please",
        "nevermind",
        "cancel the task",
        "stop following me",
        "forget what I just said",
        "that's enough, thank you",
    ],
)
def test_a_withdrawal_is_recognised_with_and_without_a_plan(turn, asked, text) -> None:  # type: ignore[no-untyped-def]
    assert turn(text, Session()) == Withdrawn()
    assert turn(text, asked) == Withdrawn()


@pytest.mark.parametrize(
    "text",
    [
        "stop at the kitchen table",
        "cancel culture is what",
        "follow me until i say stop",
        "stop following me and go to the kitchen",
    ],
)
def test_a_command_that_mentions_stopping_is_none(turn, text) -> None:  # type: ignore[no-untyped-def]
    assert turn(text, Session()) == NewCommand()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("the first one", "kitchen table"),
        ("first", "kitchen table"),
        ("the second one please", "side tables"),
        ("number two", "side tables"),
        ("the last one", "side tables"),
        ("the kitchen table", "kitchen table"),
        ("kitchen", "kitchen table"),
        ("the one in the kitchen", "kitchen table"),
        ("the one in the living room", "side tables"),
        ("I mean the side tables", "side tables"),
        ("no, the shelf", "shelf"),
        ("the desk", "desk"),
    ],
)
def test_an_answer_fills_the_slot(turn, asked, text, place) -> None:  # type: ignore[no-untyped-def]
    match turn(text, asked):
        case Revised(spoken):
            assert spoken[1] == GoTo(action="go_to", location_to_go=place)
            assert spoken[0] is asked.spoken[0]
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("text", ["neither", "none of them", "No, neither of those."])
def test_refusing_every_alternative_withdraws(turn, asked, text) -> None:  # type: ignore[no-untyped-def]
    assert turn(text, asked) == Withdrawn()
    asked.asked = False
    assert turn(text, asked) == NewCommand()


@pytest.mark.parametrize(
    "text", ["the second one", "the one in the cellar", "cellar", "the cellar one"]
)
def test_namesakes_are_told_apart_by_their_rooms(turn, text) -> None:  # type: ignore[no-untyped-def]
    racks = tuple(
        Candidate(id=f"{room}_rack", name="rack", kind=EntityKind.PLACEMENT, room=room, score=0.5)
        for room in ("kitchen", "cellar")
    )
    which = Grounding(
        phrase="rack", status=Status.AMBIGUOUS, score=0.5, method=Method.EXACT, alternatives=racks
    )
    session = Session(
        spoken=(GoTo(action="go_to", location_to_go="rack"),),
        groundings=({"location_to_go": which},),
        asked=True,
    )
    expected = GoTo(action="go_to", location_to_go="rack in the cellar")
    assert turn(text, session) == Revised((expected,))


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("not the apple, the pear", "pear"),
        ("no, the pear, not the apple", "pear"),
        ("I meant the banana", "banana"),
        ("sorry, I said the pear", "pear"),
        ("the pear instead of the apple", "pear"),
    ],
)
def test_a_correction_replaces_the_slot_it_names(turn, asked, text, thing) -> None:  # type: ignore[no-untyped-def]
    asked.asked = False
    match turn(text, asked):
        case Revised(spoken):
            assert spoken[0] == PickObject(action="pick_object", object_to_pick=thing)
            assert spoken[1] is asked.spoken[1]
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize(
    "text", ["go to the kitchen", "bring me a coke from the fridge", "find Jane in the office"]
)
def test_a_new_command_is_new_even_while_a_question_is_open(turn, asked, text) -> None:  # type: ignore[no-untyped-def]
    assert turn(text, asked) == NewCommand()


def test_sessions_expire_and_are_bounded() -> None:
    now = [0.0]
    sessions = Sessions(limit=2, seconds=10, clock=lambda: now[0])
    for name in ("a", "b", "c"):
        with sessions.use(name) as session:
            session.utterance = name
    assert len(sessions) == 2
    with sessions.use("a") as session:
        assert session.utterance == "", "the least recent session went first"
    with sessions.use("c") as session:
        assert session.utterance == "c"
    now[0] = 11
    with sessions.use("c") as session:
        assert session.utterance == "", "the session expired"


def test_requests_of_one_session_take_turns() -> None:
    sessions = Sessions(limit=10, seconds=10)
    inside, order = threading.Event(), []

    def second() -> None:
        inside.wait(5)
        with sessions.use("a"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with sessions.use("a"):
        inside.set()
        thread.join(0.1)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


@pytest.mark.parametrize(
    ("phrase", "opening"),
    [
        ("sextant", "I don't know the sextant."),
        ("glasses", "I don't know the glasses."),
        ("Jane's cup", "I don't know Jane's cup."),
        ("Jane\u2019s cup", "I don't know Jane\u2019s cup."),
        ("Jules' cup", "I don't know Jules' cup."),
    ],
)
def test_what_belongs_to_somebody_takes_no_article(phrase: str, opening: str) -> None:
    unknown = Grounding(phrase=phrase, status=Status.UNKNOWN, score=0.0, method=Method.NONE)
    asked = question_for(
        Unclear(0, "object_to_pick", unknown),
        PickObject(action="pick_object", object_to_pick=phrase),
    )
    assert asked == f"{opening} What should I bring?"
