"""The stream of one utterance: every command once, in order, then the whole answer."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from models.stub import StubModel
from schemas.errors import ModelUnavailable

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
