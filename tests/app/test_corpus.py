"""The corpus, sentence by sentence, through the installed service: real weights, real Chroma."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from models.stub import StubModel
from schemas.commands import COMMANDS
from schemas.plan import compact
from tests.schemas.test_grammar import accepts

CORPUS: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent.parent / "corpus.yaml").read_text()
)
BY_TAG = {c.tag(): c for c in COMMANDS}


def plan(lines: list[str], named: dict[str, str]) -> list[dict[str, str]]:
    """The corpus's short form of a plan, as the API writes it without what the service fills in."""
    commands = []
    for line in lines:
        tag, _, values = line.partition(" ")
        fields = [f for f, slot in BY_TAG[tag].slots().items() if slot.generated]
        given = [named.get(value, value) for value in values.split("|")] if fields else []
        commands.append({"action": tag, **dict(zip(fields, given, strict=True))})
    return commands


def bare(commands: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        {k: v for k, v in c.items() if k not in ("grounding", "user_instruction")} for c in commands
    ]


@pytest.mark.parametrize("row", CORPUS["interpreted"], ids=lambda row: row["text"])
def test_an_utterance_becomes_its_plan(real: httpx.Client, row: dict[str, Any]) -> None:
    answer = real.post("/v1/interpret", json={"text": row["text"], "ground": False}).json()
    assert answer["outcome"] == "interpreted"
    assert bare(answer["commands"]) == plan(row["spoken"], {})
    assert all("grounding" not in command for command in answer["commands"])


@pytest.mark.parametrize("row", CORPUS["interpreted"], ids=lambda row: row["text"])
def test_and_its_slots_are_grounded(real: httpx.Client, row: dict[str, Any]) -> None:
    answer = real.post("/v1/interpret", json={"text": row["text"]}).json()
    assert answer["outcome"] == "interpreted", answer["question"]
    assert bare(answer["commands"]) == plan(row["spoken"], row.get("named", {}))
    for command in answer["commands"]:
        grounded = {f for f in command if f not in ("action", "grounding", "user_instruction")}
        assert set(command.get("grounding", {})) == grounded


@pytest.mark.parametrize("row", CORPUS["scripted"], ids=lambda row: row["text"])
def test_a_scripted_plan_can_be_decoded_and_is_grounded(
    client: httpx.Client, stub: StubModel, row: dict[str, Any]
) -> None:
    written = {"commands": plan(row["spoken"], {})}
    assert accepts(compact(written))
    stub.enqueue(written)
    answer = client.post("/v1/interpret", json={"text": row["text"]}).json()
    assert answer["outcome"] == "interpreted", answer["question"]
    assert bare(answer["commands"]) == plan(row["spoken"], row.get("named", {}))


def test_every_command_class_has_its_row() -> None:
    rows = CORPUS["interpreted"] + CORPUS["scripted"]
    used = {line.partition(" ")[0] for row in rows for line in row["spoken"]}
    assert used == set(BY_TAG)


def test_the_user_instruction_is_what_was_said(real: httpx.Client) -> None:
    for row in CORPUS["interpreted"]:
        answer = real.post("/v1/interpret", json={"text": row["text"]}).json()
        for got in answer["commands"]:
            slots = BY_TAG[got["action"]].slots()
            filled = [field for field, slot in slots.items() if not slot.generated]
            assert all(got[field] == row["text"] for field in filled)


def test_a_batch_is_answered_in_order(real: httpx.Client) -> None:
    texts = [row["text"] for row in CORPUS["interpreted"]]
    answers = real.post("/v1/interpret/batch", json={"texts": texts, "ground": False}).json()
    assert [a["text"] for a in answers["interpretations"]] == texts
    for row, answer in zip(CORPUS["interpreted"], answers["interpretations"], strict=True):
        assert bare(answer["commands"]) == plan(row["spoken"], {})


def test_a_stream_sends_each_command_and_then_the_answer(real: httpx.Client) -> None:
    with real.stream(
        "POST", "/v1/interpret/stream", json={"text": CORPUS["interpreted"][0]["text"]}
    ) as got:
        assert got.headers["content-type"].startswith("text/event-stream")
        events = [yaml.safe_load(block) for block in "".join(got.iter_text()).strip().split("\n\n")]
    assert [e["event"] for e in events] == ["command"] * 4 + ["interpretation"]
    *commands, last = [e["data"] for e in events]
    assert last["outcome"] == "interpreted"
    assert [c["command"] for c in commands] == last["commands"]
    assert [c["index"] for c in commands] == [0, 1, 2, 3]


def test_the_contracts_example(real: httpx.Client) -> None:
    body = {"text": "bring me a coke from the fridge", "session_id": "robot-1", "ground": True}
    answer = real.post("/v1/interpret", json=body).json()
    assert list(answer) == [
        "request_id", "text", "outcome", "commands", "question", "reason", "confidence", "model",
        "timings_ms",
    ]  # fmt: skip
    fridge = answer["commands"][0]["grounding"]["location_to_go"]
    assert fridge["phrase"] == "fridge"
    assert (fridge["status"], fridge["name"], fridge["kind"]) == (
        "known",
        "refrigerator",
        "placement",
    )
    assert fridge["room"] == "kitchen"
    assert len(fridge["pose"]) == 7
    home = answer["commands"][2]["grounding"]["location_to_go"]
    assert home["status"] == "literal"
    assert answer["commands"][3] == {"action": "give_object"}
