"""The scripted model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models import BACKENDS, CommandModel, StubOptions
from models.stub import StubModel, by_rule
from schemas.errors import Cancelled, ModelUnavailable, SettingsError
from schemas.plan import Decline, DeclineReason, Plan, answer_from

PLAN = {"commands": [{"action": "go_to", "location_to_go": "sofa"}]}


def test_enqueued_answers_come_first() -> None:
    stub = StubModel()
    decline = Decline(reason=DeclineReason.CHIT_CHAT)
    stub.enqueue(PLAN, decline, ModelUnavailable("gone"))
    assert stub.plan("one").answer == answer_from(PLAN, "one")
    assert stub.plan("two").answer == decline
    with pytest.raises(ModelUnavailable, match="gone"):
        stub.plan("three")
    assert stub.history == ["one", "two", "three"]


def test_rule() -> None:
    decoded = StubModel().plan("Please bring me a coke from the fridge.")
    assert isinstance(decoded.answer, Plan)
    assert [c.action for c in decoded.answer.commands] == [
        "go_to",
        "pick_object",
        "go_to",
        "give_object",
    ]
    assert isinstance(StubModel().plan("lovely weather").answer, Decline)


@pytest.mark.parametrize(
    "text",
    [
        "go to the kitchen",
        "find Ann in the hall",
        "how many cups are there on the desk",
        "hand me a cup",
    ],
)
def test_rules_are_valid(text: str) -> None:
    assert isinstance(answer_from(by_rule(text), text), Plan)


def test_script(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"Sit down, please!": PLAN}), encoding="utf-8")
    model = BACKENDS["stub"](StubOptions(script=path))
    assert isinstance(model, CommandModel)
    assert isinstance(model.plan("sit down please").answer, Plan)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"x": 3}', '{"x": {"commands": [{"action": "?"}]}}']
)
def test_bad_script(tmp_path: Path, content: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"script\.json"):
        StubModel(StubOptions(script=path))


def test_missing_script(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        StubModel(StubOptions(script=tmp_path / "nowhere.json"))


def test_going_away_and_closing() -> None:
    stub = StubModel()
    stub.enqueue(PLAN)
    with pytest.raises(Cancelled):
        stub.plan("go", cancelled=lambda: True)
    stub.close()
    with pytest.raises(ModelUnavailable, match="closed"):
        stub.plan("go")
