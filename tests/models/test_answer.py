"""Reading an answer while it is written."""

from __future__ import annotations

import pytest

from models.answer import Writing
from schemas.errors import ModelAnswerInvalid
from schemas.plan import MAX_COMMANDS, Plan, TooMuch

TEXT = "go to the café"
ANSWER = (
    '{"commands":[{"action":"go_to","location_to_go":"caf\\u00e9 \\"}\\""},'
    '{"action":"find_person","attribute_value":""},{"action":"answer_question"}]}'
)


def test_commands_as_they_are_completed() -> None:
    writing, counts = Writing(TEXT), []
    for character in ANSWER:
        writing.append(character.encode())
        counts.append(len(list(writing.commands())))
    assert sum(counts) == 3
    assert max(counts) == 1
    answer = writing.answer()
    assert isinstance(answer, Plan)
    assert answer.commands[0].written()["location_to_go"] == 'café "}"'


def test_slot_confidence_is_of_the_value_alone() -> None:
    writing = Writing(TEXT)
    writing.append(b'{"commands":[{"action":"')
    writing.choose(0.5)
    writing.append(b'go_to","location_to_go":"')
    writing.choose(0.9)
    writing.append("café".encode())
    writing.choose(0.5)
    writing.append(b'"}')
    writing.choose(0.25)
    writing.append(b"]}")
    (slots,) = writing.slot_confidence()
    assert slots["location_to_go"] == pytest.approx(0.45)
    assert slots["action"] == pytest.approx(0.5)
    assert writing.confidence() == pytest.approx(0.5 * 0.9 * 0.5 * 0.25)


def test_a_choice_of_many_bytes_is_of_the_value_it_writes() -> None:
    writing = Writing(TEXT)
    for probability, piece in (
        (0.5, b'{"commands":[{"action":"go_to","location_to_go":"'),
        (0.9, b"cafe"),
        (0.8, b'"}'),
        (0.25, b',{"action":"find_person","attribute_value":"'),
        (0.7, b'"}'),
        (0.6, b"]}"),
    ):
        writing.choose(probability)
        writing.append(piece)
    go, find = writing.slot_confidence()
    assert go == pytest.approx({"action": 0.5, "location_to_go": 0.72})
    assert find == pytest.approx({"action": 0.25, "attribute_value": 0.7})


@pytest.mark.parametrize(
    "text",
    ['{"commands":[{"action":"give_object"}]}', '{"commands":[{"action":"fly"}]}'],
)
def test_invalid(text: str) -> None:
    writing = Writing(TEXT)
    writing.append(text.encode())
    with pytest.raises(ModelAnswerInvalid):
        writing.answer()


@pytest.mark.parametrize("size", [1, 40, ANSWER.index(","), len(ANSWER) - 2, len(ANSWER) - 1])
def test_what_was_cut_off_is_no_shorter_plan(size: int) -> None:
    writing = Writing(TEXT)
    writing.append(ANSWER[:size].encode())
    assert writing.answer() == TooMuch()


def test_the_rest_is_not_needed_once_it_is_too_much() -> None:
    writing = Writing(TEXT)
    writing.append(b'{"commands":[')
    for index in range(MAX_COMMANDS):
        writing.append(b"," * bool(index) + b'{"action":"go_to","location_to_go":"a"}')
    assert not writing.too_much
    writing.append(b',{"action":"give_object"}')
    assert writing.too_much
    assert len(list(writing.commands())) == MAX_COMMANDS
    assert writing.answer() == TooMuch()
