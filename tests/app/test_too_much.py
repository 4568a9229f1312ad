"""More than the robot can be told at once, or words that it hardly understood: the same question
back by every way in, never a part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest

from app.questions import TOO_MUCH, UNSURE
from app.service import Service
from app.settings import Settings
from knowledge_base import KnowledgeBase
from models.base import Decoded
from models.stub import StubModel
from schemas.api import LONG_TEXT
from schemas.plan import LONG_PLAN, MAX_COMMANDS
from tests.app.test_stream import events
from tests.conftest import served, shared_parts
from tests.models import utterances

REAL = utterances.TOO_MUCH[1]
FETCH = "bring me a coke from the fridge"


def going(count: int) -> dict[str, Any]:
    return {"commands": [{"action": "go_to", "location_to_go": "kitchen"}] * count}


def asks(question: str, answer: dict[str, Any]) -> bool:
    assert answer["reason"] is None
    return (answer["outcome"], answer["commands"], answer["question"]) == ("clarify", [], question)


def asks_for_less(answer: dict[str, Any]) -> bool:
    return asks(TOO_MUCH, answer)


@pytest.mark.parametrize("ground", [True, False])
@pytest.mark.parametrize("count", [MAX_COMMANDS, MAX_COMMANDS + 1, 40])
def test_a_plan_has_so_many_commands_at_most(
    client: httpx.Client, stub: StubModel, count: int, ground: bool
) -> None:
    stub.enqueue(going(count))
    answer = client.post("/v1/interpret", json={"text": "go", "ground": ground})
    assert answer.status_code == 200
    assert asks_for_less(answer.json()) is (count > MAX_COMMANDS)
    assert len(answer.json()["commands"]) == (count if count <= MAX_COMMANDS else 0)


@pytest.mark.parametrize("times", [10, 12, 40])
def test_the_same_task_again_and_again(real: httpx.Client, times: int) -> None:
    answer = real.post("/v1/interpret", json={"text": "bring me the apple " * times})
    assert answer.status_code == 200
    assert asks_for_less(answer.json())


def test_what_is_said_next_is_a_new_command(client: httpx.Client, stub: StubModel) -> None:
    def say(text: str) -> dict[str, Any]:
        body = {"text": text, "session_id": "s"}
        answer: dict[str, Any] = client.post("/v1/interpret", json=body).json()
        return answer

    assert say("bring me the ball")["outcome"] == "clarify"
    stub.enqueue(going(40))
    assert asks_for_less(say("go to the kitchen, and then back and forth"))
    assert say(FETCH)["outcome"] == "interpreted"
    stub.enqueue(going(40))
    assert asks_for_less(say("go to the kitchen, and then back and forth"))
    assert "withdrew" in say("never mind")["reason"]


def test_in_a_batch_it_is_one_answer_of_several(client: httpx.Client, stub: StubModel) -> None:
    stub.enqueue(going(40))
    body = {"texts": [FETCH, FETCH, FETCH]}
    answers = client.post("/v1/interpret/batch", json=body).json()["interpretations"]
    assert sorted(a["outcome"] for a in answers) == ["clarify", "interpreted", "interpreted"]
    assert sum(asks_for_less(a) for a in answers) == 1


class Unsure(StubModel):
    """A script read out with a confidence."""

    confidence = 1.0

    def plan(self, text: str, **more: Any) -> Decoded:
        return replace(super().plan(text, **more), confidence=self.confidence)


@pytest.fixture
def unsure(arena: KnowledgeBase) -> Iterator[tuple[Unsure, httpx.Client]]:
    model = Unsure()
    with served(Service(Settings(), load=shared_parts(model, arena))) as client:
        yield model, client


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("count", "text", "confidence", "question"),
    [
        (1, "go", 0.49, UNSURE),
        (1, "go", 0.5, None),
        (LONG_PLAN, "go", 0.2, UNSURE),
        (LONG_PLAN + 1, "go", 0.49, TOO_MUCH),
        (LONG_PLAN + 1, "go", 0.5, None),
        (MAX_COMMANDS, "go", 0.2, TOO_MUCH),
        (1, "g" + "o" * (LONG_TEXT - 1), 0.2, UNSURE),
        (1, "g" + "o" * LONG_TEXT, 0.49, TOO_MUCH),
        (1, "g" + "o" * LONG_TEXT, 0.5, None),
    ],
)
@pytest.mark.parametrize("ground", [True, False])
def test_a_plan_that_is_likelier_wrong_than_right_is_asked_back(
    unsure: tuple[Unsure, httpx.Client],
    count: int,
    text: str,
    confidence: float,
    question: str | None,
    stream: bool,
    ground: bool,
) -> None:
    model, client = unsure
    model.confidence = confidence
    model.enqueue(going(count))
    if stream:
        *_, (name, answer) = events(client, text=text, ground=ground)
        assert name == "interpretation"
    else:
        answer = client.post("/v1/interpret", json={"text": text, "ground": ground}).json()
    assert answer["confidence"] == confidence
    if question is None:
        assert answer["outcome"] == "interpreted"
        assert len(answer["commands"]) == count
    else:
        assert asks(question, answer)


def test_what_is_said_in_other_words_is_a_new_command(
    unsure: tuple[Unsure, httpx.Client],
) -> None:
    model, client = unsure

    def say(text: str, confidence: float) -> dict[str, Any]:
        model.confidence = confidence
        body = {"text": text, "session_id": "s"}
        answer: dict[str, Any] = client.post("/v1/interpret", json=body).json()
        return answer

    model.enqueue(going(1))
    assert asks(UNSURE, say("to it with your wheels", 0.2))
    assert say(FETCH, 0.9)["outcome"] == "interpreted"
    model.enqueue(going(1))
    assert asks(UNSURE, say("to it with your wheels", 0.2))
    assert "withdrew" in say("never mind", 0.9)["reason"]


def test_openai_clients_hear_that_it_was_hardly_understood(
    unsure: tuple[Unsure, httpx.Client],
) -> None:
    model, client = unsure
    model.confidence = 0.2
    said: Any = [{"role": "user", "content": "to it with your wheels"}]
    with openai.OpenAI(base_url=f"{client.base_url}/v1", api_key="none") as ai:
        model.enqueue(going(2))
        (choice,) = ai.chat.completions.create(model="any", messages=said).choices
        assert (choice.message.content, choice.message.refusal) == ('{"commands":[]}', UNSURE)
        model.enqueue(going(2))
        stream = ai.chat.completions.create(model="any", messages=said, stream=True)
        choices = [chunk.choices[0] for chunk in stream if chunk.choices]
    assert "".join(c.delta.refusal or "" for c in choices) == UNSURE
    with pytest.raises(json.JSONDecodeError):
        json.loads("".join(c.delta.content or "" for c in choices))


def test_the_real_model_over_http(real: httpx.Client) -> None:
    answer = real.post("/v1/interpret", json={"text": REAL})
    assert answer.status_code == 200
    assert asks_for_less(answer.json())
    *commands, (name, last) = events(real, text=REAL)
    assert name == "interpretation"
    assert asks_for_less(last)
    assert len(commands) == MAX_COMMANDS
    assert {name for name, _ in commands} == {"command"}
    assert real.post("/v1/interpret", json={"text": FETCH}).json()["outcome"] == "interpreted"


def test_text_without_a_task_that_never_ends(real: httpx.Client) -> None:
    for text in ("please " * 142, "the " * 250, "bring me " * 111):
        answer = real.post("/v1/interpret", json={"text": text})
        assert answer.status_code == 200, answer.text


def test_openai_clients_are_told_so_too(real: httpx.Client) -> None:
    said: Any = [{"role": "user", "content": REAL}]
    with openai.OpenAI(base_url=f"{real.base_url}/v1", api_key="none") as ai:
        (choice,) = ai.chat.completions.create(model="any", messages=said).choices
        assert choice.finish_reason == "length"
        assert choice.message.refusal == TOO_MUCH
        assert choice.message.content == '{"commands":[]}'
        stream = ai.chat.completions.create(model="any", messages=said, stream=True)
        choices = [chunk.choices[0] for chunk in stream if chunk.choices]
    assert choices[-1].finish_reason == "length"
    assert "".join(c.delta.refusal or "" for c in choices) == TOO_MUCH
    content = "".join(c.delta.content or "" for c in choices)
    assert content.count('"action"') == MAX_COMMANDS
    with pytest.raises(json.JSONDecodeError):
        json.loads(content)
