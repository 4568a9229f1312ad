"""What general English the knowledge base brings along: sounds, synonyms, kinds."""

from __future__ import annotations

import pytest

from knowledge_base import KnowledgeBase
from knowledge_base.phonetics import likeness, phonemes
from knowledge_base.pronunciation import pronounced
from knowledge_base.thesaurus import thesaurus
from knowledge_base.words import tokens
from schemas.commands import FindPersonByName, GoTo, PickObject, RobotCommand
from schemas.grounding import EntityKind, Grounding, Status


def grounded(knowledge: KnowledgeBase, *commands: RobotCommand) -> Grounding:
    """The decision about the only slot of the last command."""
    (grounding,) = knowledge.ground(commands, "")[-1].values()
    return grounding


def pick(phrase: str) -> PickObject:
    """A plan of one command."""
    return PickObject(action="pick_object", object_to_pick=phrase)


def go(phrase: str) -> GoTo:
    """The same for places."""
    return GoTo(action="go_to", location_to_go=phrase)


@pytest.mark.parametrize(
    ("one", "other"), [("pair", "pear"), ("know a", "Noah"), ("for candles", "four candles")]
)
def test_the_same_sounds_are_alike_whatever_the_letters(one: str, other: str) -> None:
    assert likeness(phonemes(one), phonemes(other)) == 1.0


@pytest.mark.parametrize(
    ("heard", "meant", "other"),
    [
        ("cab in it", "cabinet", "cab"),
        ("vent ding machine", "vending machine", "washing machine"),
        ("liver room", "living room", "dining room"),
        ("tooner", "tuna", "spoon"),
    ],
)
def test_a_mishearing_is_nearer_to_what_was_said(heard: str, meant: str, other: str) -> None:
    near, far = (likeness(phonemes(heard), phonemes(name)) for name in (meant, other))
    assert near > 0.8
    assert near > far + 0.1


def test_words_that_no_dictionary_has_are_read_aloud() -> None:
    assert pronounced("cheezit") == pronounced("cheesit")
    assert pronounced("frobnicate").startswith("fr")


def test_the_thesaurus_takes_the_sense_people_mean() -> None:
    assert "sofa" in thesaurus().synonyms("couch")
    assert thesaurus().synonyms("suitcase") == ["traveling bag", "travelling bag"]
    assert thesaurus().synonyms("bag") == []


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("nightstand", "bedside_table"),
        ("night table", "bedside_table"),
        ("spanner", "wrench"),
        ("serviette", "napkin"),
        ("torch", "flashlight"),
        ("green tea", None),
        ("tea towel", None),
        ("oven", None),
    ],
)
def test_synonyms_need_no_alias(small: KnowledgeBase, phrase: str, expected: str | None) -> None:
    for name in ("wrench", "napkin", "flashlight", "tea"):
        small.put("objects", name, {"name": name})
    small.put("placements", "bedside_table", {"name": "bedside table"})
    place = expected == "bedside_table"
    assert grounded(small, (go if place else pick)(phrase)).id == expected


def test_a_kind_without_an_entry_lists_its_members(small: KnowledgeBase) -> None:
    for name in ("cola", "orange juice", "apple"):
        small.put("objects", name.replace(" ", "_"), {"name": name})
    found = grounded(small, pick("something to drink"))
    assert (found.status, found.id, found.name) == (Status.CATEGORY, None, "drink")
    assert {c.id for c in found.alternatives} == {"cola", "orange_juice"}
    assert grounded(small, pick("a vegetable")).status is Status.UNKNOWN


def test_a_room_that_is_named_is_not_another(small: KnowledgeBase) -> None:
    small.put("placements", "dining_table", {"name": "dining table", "room": "cellar"})
    assert grounded(small, go("the dinner table")).id == "dining_table"
    assert grounded(small, go("the kitchen table")).status is not Status.KNOWN


def test_a_thing_without_a_place_has_its_usual_one_as_a_suggestion(small: KnowledgeBase) -> None:
    alone = grounded(small, pick("hammer"))
    assert alone.usual_placement is not None
    assert (alone.usual_placement.id, alone.usual_placement.room) == ("workbench", "cellar")
    assert (alone.room, alone.kind) == (None, EntityKind.OBJECT)
    assert grounded(small, go("cellar"), pick("hammer")).usual_placement is not None
    assert grounded(small, go("kitchen"), pick("hammer")).usual_placement is None
    assert grounded(small, go("workbench"), pick("hammer")).usual_placement is None
    assert "usual_placement" not in grounded(small, go("workbench")).model_dump()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("room one oh one", ("room", "101")),
        ("room one hundred and two", ("room", "102")),
        ("room twenty one", ("room", "21")),
        ("table number two", ("table", "2")),
        ("table two", ("table", "2")),
        ("two oranges and a pear", ("2", "orange", "and", "pear")),
        ("the oh so long way", ("oh", "so", "long", "way")),
        ("no", ("no",)),
    ],
)
def test_numbers_are_read_as_they_are_said(said: str, words: tuple[str, ...]) -> None:
    assert tokens(said) == words


@pytest.mark.parametrize("name", ["Mr Kierkegaard", "Doctor Soren Kierkegaard", "Kierkegard"])
def test_a_person_may_be_called_by_title_and_family_name(small: KnowledgeBase, name: str) -> None:
    command = FindPersonByName(action="find_person_by_name", name=name)
    assert grounded(small, command).id == "soren_kierkegaard"
