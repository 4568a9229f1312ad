"""The OpenAI routes, called by the real openai package over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from app.service import Service
from app.settings import QueueSettings, ServerSettings, Settings
from knowledge_base import KnowledgeBase
from models.stub import StubModel
from schemas.commands import Command
from schemas.errors import ModelUnavailable
from tests.conftest import served, shared_parts

UTTERANCE = "bring me a coke from the fridge"
SAID: Any = [{"role": "user", "content": UTTERANCE}]


class CommandList(BaseModel):
    """What a team asks its model for."""

    commands: list[Command]


@pytest.fixture
def ai(client: httpx.Client) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{client.base_url}/v1", api_key="none", max_retries=0) as ai:
        yield ai


def ungrounded(client: httpx.Client, text: str = UTTERANCE) -> list[dict[str, Any]]:
    answer = client.post("/v1/interpret", json={"text": text, "ground": False}).json()
    commands: list[dict[str, Any]] = answer["commands"]
    return commands


def streamed(ai: OpenAI, **more: Any) -> tuple[str, list[Any]]:
    chunks = list(ai.chat.completions.create(model="x", messages=SAID, stream=True, **more))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    return text, chunks


def test_the_openai_package_gets_the_plan_of_interpret(real: httpx.Client) -> None:
    with OpenAI(base_url=f"{real.base_url}/v1", api_key="none") as ai:
        answer = ai.chat.completions.create(model="any", messages=SAID)
        content = answer.choices[0].message.content
        text, _ = streamed(ai)
        assert ai.models.list().data[0].id == answer.model
        assert ai.models.retrieve(answer.model).id == answer.model
        with pytest.raises(openai.NotFoundError, match="gpt-9"):
            ai.models.retrieve("gpt-9")
    assert content is not None
    assert json.loads(content)["commands"] == ungrounded(real)
    assert text == content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 5
    assert answer.usage.completion_tokens > 8  # four commands, two tokens each at least
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_content_is_compact_json_and_holds_the_operators_words(ai: OpenAI, stub: StubModel) -> None:
    stub.enqueue({"commands": [{"action": "say_with_context", "previous_command_info": "time"}]})
    answer = ai.chat.completions.create(model="x", messages=SAID)
    assert answer.choices[0].message.content == (
        '{"commands":[{"action":"say_with_context",'
        f'"user_instruction":"{UTTERANCE}","previous_command_info":"time"}}]}}'
    )


def test_the_last_user_message_is_the_utterance(ai: OpenAI, stub: StubModel) -> None:
    ai.chat.completions.create(
        model="x",
        messages=[
            {"role": "system", "content": "You are a robot."},
            {"role": "user", "content": "go to the office"},
            {"role": "assistant", "content": "{}"},
            {"role": "user", "content": [{"type": "text", "text": UTTERANCE}]},
        ],
    )
    assert stub.history == [UTTERANCE]


def test_a_stream_comes_command_by_command(ai: OpenAI) -> None:
    text, chunks = streamed(ai, stream_options={"include_usage": True})
    whole = ai.chat.completions.create(model="x", messages=SAID)
    assert text == whole.choices[0].message.content
    assert len([c for c in chunks if c.choices and c.choices[0].delta.content]) == 4 + 2
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert {c.id for c in chunks} == {chunks[0].id}


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_has_no_commands_and_says_why(ai: OpenAI, stub: StubModel, stream: bool) -> None:
    stub.enqueue({"commands": [], "reason": "missing_action", "verb": "dance"})
    if stream:
        text, chunks = streamed(ai)
        refusal = "".join(c.choices[0].delta.refusal or "" for c in chunks)
    else:
        message = ai.chat.completions.create(model="x", messages=SAID).choices[0].message
        text, refusal = message.content or "", message.refusal or ""
    assert text == '{"commands":[]}'
    assert "dance" in refusal


def test_structured_output_is_parsed_into_the_callers_class(ai: OpenAI) -> None:
    answer = ai.chat.completions.parse(
        model="x", messages=SAID, response_format=CommandList
    ).choices[0]
    assert answer.message.parsed is not None
    assert [c.action for c in answer.message.parsed.commands] == [
        "go_to",
        "pick_object",
        "go_to",
        "give_object",
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_a_schema_that_no_plan_fits_is_refused(ai: OpenAI, stream: bool) -> None:
    wanted: Any = {
        "type": "json_schema",
        "json_schema": {
            "name": "weather",
            "schema": {"type": "object", "required": ["temperature"]},
        },
    }
    with pytest.raises(openai.UnprocessableEntityError, match="temperature") as refused:
        ai.chat.completions.create(model="x", messages=SAID, response_format=wanted, stream=stream)
    assert refused.value.code == "invalid_request"


HOSTILE = {
    "fetches": {"$ref": "http://127.0.0.1:9/schema"},
    "loops": {"$ref": "#"},
    "grows": {
        "$defs": {
            f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} if i < 30 else {}
            for i in range(31)
        },
        "$ref": "#/$defs/d0",
    },
    "backtracks": {"properties": {"commands": {"items": {"pattern": "(a+)+$"}}}},
    "is none": {"type": 12},
}


@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_schema_cannot_hold_the_service_up(ai: OpenAI, schema: Any) -> None:
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    with pytest.raises(openai.UnprocessableEntityError, match="response_format"):
        ai.with_options(timeout=5).chat.completions.create(
            model="x", messages=SAID, response_format=wanted
        )


TOOL = {"type": "function", "function": {"name": "go", "parameters": {}}}
REFUSED: dict[str, dict[str, Any]] = {
    "tools": {"tools": [TOOL]},
    "functions": {"functions": [{"name": "go"}]},
    "tool_choice": {"tool_choice": "required"},
    "n": {"n": 2},
    "logprobs": {"logprobs": True},
    "stop": {"stop": ["]"]},
    "response_format.type": {"response_format": {"type": "grammar"}},
    "json_schema.schema": {"response_format": {"type": "json_schema"}},
    "grammar": {"grammar": 'root ::= "x"'},
    "no user message": {"messages": [{"role": "system", "content": "Hello"}]},
    "image_url": {
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]
    },
    "empty": {"messages": [{"role": "user", "content": "  "}]},
    "1000 characters": {"messages": [{"role": "user", "content": "a" * 1001}]},
    "messages": {"messages": []},
}


@pytest.mark.parametrize("named", REFUSED)
def test_what_cannot_be_kept_is_refused_by_name(
    ai: OpenAI, client: httpx.Client, named: str
) -> None:
    body = {"model": "x", "messages": SAID} | REFUSED[named]
    refused = client.post("/v1/chat/completions", json=body)
    assert refused.status_code == 422
    assert named in refused.json()["error"]["message"]
    extra = {key: value for key, value in body.items() if key not in ("model", "messages")}
    with pytest.raises(openai.UnprocessableEntityError) as told:
        ai.chat.completions.create(model="x", messages=body["messages"], extra_body=extra)
    assert told.value.code == "invalid_request"


def test_sampling_parameters_are_accepted(ai: OpenAI) -> None:
    for extra in (
        {"temperature": 0.2, "seed": 1, "max_tokens": 512, "top_p": 0.9, "user": "robot"},
        {"n_predict": 256, "mirostat": 2, "repeat_last_n": 64, "cache_prompt": True},
        {"chat_template_kwargs": {"enable_thinking": False}, "reasoning_effort": "low"},
        {"tools": [], "tool_choice": "none", "response_format": {"type": "json_object"}},
        {"functions": None, "stop": None, "logprobs": False},
    ):
        answer = ai.chat.completions.create(model="x", messages=SAID, extra_body=extra)
        assert answer.choices[0].message.content


def test_a_fault_in_a_stream_reaches_the_caller(ai: OpenAI, stub: StubModel) -> None:
    stub.enqueue(ModelUnavailable("gone"))
    with pytest.raises(openai.APIError, match="gone"):
        streamed(ai)


def test_a_key_a_full_queue_and_a_start_are_the_packages_own_errors(
    arena: KnowledgeBase,
) -> None:
    settings = Settings(
        server=ServerSettings(api_key="correct-horse"),  # type: ignore[arg-type]
        queue=QueueSettings(size=0),
    )
    slow = StubModel(delay=0.4)
    with served(Service(settings, load=shared_parts(slow, arena))) as client:
        base = f"{client.base_url}/v1"
        with pytest.raises(openai.AuthenticationError), OpenAI(base_url=base, api_key="no") as ai:
            ai.models.list()
        with OpenAI(base_url=base, api_key="correct-horse", max_retries=0) as ai:
            streams = [
                ai.chat.completions.create(model="x", messages=SAID, stream=True)
                for _ in range(slow.slots)
            ]
            with pytest.raises(openai.RateLimitError) as full:
                ai.chat.completions.create(model="x", messages=SAID)
            assert full.value.response.headers["retry-after"]
            for stream in streams:
                assert list(stream)[-1].choices[0].finish_reason == "stop"
