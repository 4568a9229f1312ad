"""The stream of one utterance: every command once, in order, then the whole answer."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from knowledge_base.grounder import _Decisions
from models.stub import StubModel
from schemas.commands import Slot
from schemas.errors import ModelUnavailable
from tests.app.test_corpus import CORPUS

FETCH = "bring me a coke from the fridge"


def events(client: httpx.Client, **body: Any) -> list[tuple[str, Any]]:
    """(event, data) of a whole stream, read as the standard says."""
    with client.stream("POST", "/v1/interpret/stream", json=body) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        blocks = "".join(response.iter_text()).split("\n\n")
    found = []
    for block in filter(str.strip, blocks):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        found.append((fields["event"], json.loads(fields["data"])))
    return found


@pytest.mark.parametrize("ground", [True, False])
def test_every_command_comes_once_and_as_in_the_answer(client: httpx.Client, ground: bool) -> None:
    *commands, (last, answer) = events(client, text=FETCH, ground=ground)
    assert last == "interpretation"
    assert [name for name, _ in commands] == ["command"] * 4
    assert [data["index"] for _, data in commands] == [0, 1, 2, 3]
    assert [data["command"] for _, data in commands] == answer["commands"]
    assert ("grounding" in answer["commands"][0]) is ground


def test_an_answer_to_a_question_brings_its_commands_too(client: httpx.Client) -> None:
    asked = events(client, text="bring me the cola from the table", session_id="s")
    assert asked[-1][1]["outcome"] == "clarify"
    *commands, (_, answer) = events(client, text="the kitchen table", session_id="s")
    assert answer["outcome"] == "interpreted"
    assert [data["command"] for _, data in commands] == answer["commands"]


@pytest.mark.parametrize("row", CORPUS["interpreted"], ids=lambda row: row["text"])
def test_streamed_and_whole_are_grounded_alike(real: httpx.Client, row: dict[str, Any]) -> None:
    *commands, (_, last) = events(real, text=row["text"])
    whole = real.post("/v1/interpret", json={"text": row["text"]}).json()
    assert [data["index"] for _, data in commands] == [*range(len(whole["commands"]))]
    for answer in ([data["command"] for _, data in commands], last["commands"]):
        assert timeless(answer) == timeless(whole["commands"])


def timeless(commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the facts, which tell the time."""
    return [
        command
        | {
            "grounding": {
                field: {k: v for k, v in grounding.items() if k != "facts"}
                for field, grounding in command.get("grounding", {}).items()
            }
        }
        for command in commands
    ]


def test_each_slot_is_grounded_once(
    client: httpx.Client, stub: StubModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[str] = []
    decide = _Decisions.decide

    def counted(self: _Decisions, phrase: str, slot: Slot, handles: bool | None) -> Any:
        decided.append(phrase)
        return decide(self, phrase, slot, handles)

    monkeypatch.setattr(_Decisions, "decide", counted)
    places = ["kitchen", "office", "bedroom", "bathroom"] * 4
    plan = {"commands": [{"action": "go_to", "location_to_go": place} for place in places]}
    stub.enqueue(plan, plan)
    assert len(events(client, text="go")) == len(places) + 1
    assert decided == places
    client.post("/v1/interpret", json={"text": "go"})
    assert decided == places * 2


def test_a_refusal_is_the_interpretation_alone(client: httpx.Client) -> None:
    ((name, answer),) = events(client, text="stop")
    assert name == "interpretation"
    assert (answer["outcome"], answer["commands"]) == ("unsupported", [])


def test_a_fault_on_the_way_ends_the_stream_with_an_error(
    client: httpx.Client, stub: StubModel
) -> None:
    stub.enqueue(ModelUnavailable("gone"))
    ((name, body),) = events(client, text=FETCH)
    assert name == "error"
    assert body["error"]["code"] == "model_unavailable"
    assert body["error"]["hint"]
    assert body["request_id"]
