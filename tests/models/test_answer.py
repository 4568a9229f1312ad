"""Reading an answer while it is written."""

from __future__ import annotations

import pytest

from models.answer import Writing
from schemas.errors import ModelAnswerInvalid
from schemas.plan import Plan

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


@pytest.mark.parametrize(
    "text",
    [ANSWER[:-1], '{"commands":[{"action":"give_object"}]}', '{"commands":[{"action":"fly"}]}'],
)
def test_invalid(text: str) -> None:
    writing = Writing(TEXT)
    writing.append(text.encode())
    with pytest.raises(ModelAnswerInvalid):
        writing.answer()
