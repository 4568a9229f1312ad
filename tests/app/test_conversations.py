"""Conversations of the corpus through the installed service, one robot and several at once."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.service import Service
from app.settings import SessionSettings, Settings
from knowledge_base import KnowledgeBase
from models.stub import StubModel
from tests.app.test_corpus import bare, plan
from tests.conftest import served, shared_parts

CONVERSATIONS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent.parent / "corpus.yaml").read_text()
)["conversations"]


def take(client: httpx.Client, session: str | None, turn: dict[str, Any]) -> None:
    body = {"text": turn["say"], "session_id": session}
    answer = client.post("/v1/interpret", json=body).raise_for_status().json()
    assert answer["outcome"] == turn["outcome"], (turn["say"], answer)
    if "question" in turn:
        assert turn["question"] in answer["question"]
    if "reason" in turn:
        assert turn["reason"] in answer["reason"]
    if "plan" in turn:
        assert bare(answer["commands"]) == plan(turn["plan"], {})


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda c: c["name"])
def test_a_conversation(real: httpx.Client, conversation: dict[str, Any]) -> None:
    session = uuid.uuid4().hex
    for turn in conversation["turns"]:
        take(real, session, turn)


def test_two_robots_talk_at_once_and_are_not_confused(real: httpx.Client) -> None:
    faults: list[BaseException] = []

    def robot() -> None:
        try:
            with httpx.Client(base_url=real.base_url, timeout=60) as client:
                for conversation in CONVERSATIONS:
                    session = uuid.uuid4().hex
                    for turn in conversation["turns"]:
                        take(client, session, turn)
        except BaseException as fault:
            faults.append(fault)

    robots = [threading.Thread(target=robot) for _ in range(2)]
    for thread in robots:
        thread.start()
    for thread in robots:
        thread.join()
    assert not faults


def test_without_a_session_nothing_is_remembered(arena: KnowledgeBase, stub: StubModel) -> None:
    written = {"commands": [{"action": "go_to", "location_to_go": "table"}]}
    stub.enqueue(written, written)
    with served(Service(Settings(), load=shared_parts(stub, arena))) as client:
        take(client, None, {"say": "go to the table", "outcome": "clarify"})
        take(client, None, {"say": "the first one", "outcome": "clarify"})
    assert stub.history == ["go to the table", "the first one"]


def test_a_question_expires(arena: KnowledgeBase, stub: StubModel) -> None:
    settings = Settings(sessions=SessionSettings(limit=10, seconds=0.2))
    written = {"commands": [{"action": "go_to", "location_to_go": "table"}]}
    stub.enqueue(written, written)
    with served(Service(settings, load=shared_parts(stub, arena))) as client:
        take(client, "robot", {"say": "go to the table", "outcome": "clarify"})
        threading.Event().wait(0.4)
        take(client, "robot", {"say": "the second one", "outcome": "clarify"})
    assert stub.history == ["go to the table", "the second one"]
