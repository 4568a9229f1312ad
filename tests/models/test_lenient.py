"""Answers as models really write them."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.lenient import read
from schemas.errors import ModelAnswerInvalid
from schemas.plan import Decline, DeclineReason, Plan, answer_from

TEXT = "go to the kitchen and get Ann's cup"
PLAN = {
    "commands": [
        {"action": "go_to", "location_to_go": "kitchen"},
        {"action": "pick_object", "object_to_pick": "Ann's cup"},
    ]
}
EXACT = json.dumps(PLAN)
VARIANTS = {
    "exact": EXACT,
    "indented": json.dumps(PLAN, indent=4),
    "fenced": f"```json\n{EXACT}\n```",
    "fenced without a name": f"Here you are:\n```\n{EXACT}\n```\nAnything else?",
    "prose around": f"Sure! The plan is {EXACT} and that is all.",
    "braces in the prose": f"A plan {{as you asked}}: {EXACT}",
    "after thinking": f"<think>[go, pick] or {{}}?</think>{EXACT}",
    "a bare list": json.dumps(PLAN["commands"]),
    "single quotes": "{'commands': [{'action': 'go_to', 'location_to_go': 'kitchen'},"
    " {'action': 'pick_object', 'object_to_pick': 'Ann's cup'}]}",
    "bare keys": '{commands: [{action: "go_to", location_to_go: "kitchen"},'
    ' {action: "pick_object", object_to_pick: "Ann\'s cup"}]}',
    "trailing commas": '{"commands":[{"action":"go_to","location_to_go":"kitchen",},'
    '{"action":"pick_object","object_to_pick":"Ann\'s cup",},],}',
    "comments": '{"commands":[ // first drive\n{"action":"go_to","location_to_go":"kitchen"},'
    '/* then */ {"action":"pick_object","object_to_pick":"Ann\'s cup"}]}',
    "unordered": '{"note":"x","commands":[{"location_to_go":"kitchen","action":"go_to"},'
    '{"object_to_pick":"Ann\'s cup","action":"pick_object"}]}',
    "unknown keys": '{"commands":[{"action":"go_to","location_to_go":"kitchen","speed":3},'
    '{"action":"pick_object","object_to_pick":"Ann\'s cup","why":null}]}',
    "loud tags": '{"Commands":[{"Action":"GO_TO","location_to_go":"kitchen"},'
    '{"Action":"Pick Object","object_to_pick":"Ann\'s cup"}]}',
    "no end": EXACT[:-2],
    "missing bracket": EXACT[:-2] + "}",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_forgiven(name: str) -> None:
    assert read(VARIANTS[name], TEXT) == answer_from(PLAN, TEXT)


def test_one_bare_command() -> None:
    answer = read('{"action": "go_to", "location_to_go": "sofa"}', TEXT)
    assert isinstance(answer, Plan)
    assert [c.action for c in answer.commands] == ["go_to"]


def test_escapes() -> None:
    answer = read(r'{"commands":[{"action":"go_to","location_to_go":"caf\u00e9 \"x\""}]}', TEXT)
    assert isinstance(answer, Plan)
    assert answer.commands[0].written()["location_to_go"] == 'café "x"'


def test_decline() -> None:
    answer = read('{"commands": [], "reason": "Missing Action", "verb": "cook"}', TEXT)
    assert answer == Decline(reason=DeclineReason.MISSING_ACTION, verb="cook")


def test_the_first_valid_answer_counts() -> None:
    wrong = '{"commands":[{"action":"give_object"}]}'
    assert read(f"{wrong} no, rather {EXACT}", TEXT) == answer_from(PLAN, TEXT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot do that.",
        "{}",
        "[1, 2]",
        '{"commands": "go"}',
        '{"commands":[{"action":"fly"}]}',
        '{"commands":[{"action":"give_object"}]}',
        '{"commands":[{"action":"go_to"}]}',
        '{"commands":[{"action":"go_to","location_to_go":""}]}',
        "[" * 5000,
        '{"a":' * 5000,
        '{"commands":["\\ud800"]}',
    ],
)
def test_not_forgiven(text: str) -> None:
    with pytest.raises(ModelAnswerInvalid):
        read(text, TEXT)


@given(st.text(alphabet="{}[]\",:'\\ab \n/*#<", max_size=60))
def test_never_another_fault(text: str) -> None:
    with contextlib.suppress(ModelAnswerInvalid):
        read(text, TEXT)
