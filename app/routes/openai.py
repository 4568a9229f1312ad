"""OpenAI's chat API, so that a client of Ollama or llama.cpp's server changes its base URL only.

The last user message is the utterance; system and earlier messages are not read, since the model
needs none. What a client asks for is kept or refused by name: parameters in ``_NO_EFFECT`` tune
sampling or thinking, which a greedy constrained decoder does not do.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.admission import Ticket, Work
from app.answer_schema import AnswerSchema
from app.dependencies import Asked, AskedFor, ReadyParts, unless_gone
from app.faults import error_of
from app.interpreter import Call, CommandListener, Outcome
from app.pieces import Pieces
from app.service import Ready
from models.base import Decoded
from schemas.api import Clarify, InterpretRequest, Text
from schemas.commands import RobotCommand
from schemas.errors import CommandInterpreterError, InvalidRequest, NotFound
from schemas.plan import compact

router = APIRouter(prefix="/v1", tags=["openai"])

_TEXT: TypeAdapter[str] = TypeAdapter(Text)
_NO_EFFECT = frozenset(
    "cache_prompt chat_template_kwargs dynatemp_exponent dynatemp_range frequency_penalty "
    "keep_alive max_completion_tokens max_tokens metadata min_p mirostat mirostat_eta mirostat_tau "
    "n_predict options parallel_tool_calls presence_penalty prompt_cache_key reasoning_effort "
    "repeat_last_n repeat_penalty repetition_penalty safety_identifier samplers seed service_tier "
    "store temperature think top_k top_p typical_p user verbosity xtc_probability "
    "xtc_threshold".split()
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: str
    text: str = ""


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Part] | None = None


class _StreamOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class ChatRequest(BaseModel):
    """A chat completion as OpenAI's clients ask for it."""

    model_config = ConfigDict(extra="allow")

    model: Annotated[str, Field(description="Any name: the service has one model.")] = "default"
    messages: Annotated[list[_Message], Field(min_length=1)]
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    response_format: dict[str, Any] | None = None
    tools: list[Any] | None = None
    n: int | None = 1


@dataclass
class _Completion:
    """One answer on its way: what it is called and what it cost."""

    id: str
    model: str
    created: int = field(default_factory=lambda: int(time.time()))
    decoded: Decoded | None = None

    def usage(self) -> dict[str, int]:
        prompt = self.decoded.prompt_tokens if self.decoded else 0
        written = self.decoded.tokens if self.decoded else 0
        return {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
        }

    def whole(self, outcome: Outcome) -> dict[str, Any]:
        message = {
            "role": "assistant",
            "content": content_of(outcome.commands),
            "refusal": _refusal(outcome),
        }
        finish = _finish(outcome)
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        return self._object("chat.completion", [choice]) | {"usage": self.usage()}

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(self._object("chat.completion.chunk", [choice]))

    def usage_chunk(self) -> bytes:
        return _event(self._object("chat.completion.chunk", []) | {"usage": self.usage()})

    def _object(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


@router.get("/models")
async def models(parts: ReadyParts) -> dict[str, Any]:
    """The one model."""
    return {"object": "list", "data": [_model(parts)]}


@router.get("/models/{model_id}")
async def model(model_id: str, parts: ReadyParts) -> dict[str, Any]:
    """The one model by its id."""
    if model_id != parts.parts.model.name:
        raise NotFound(
            f"there is no model {model_id!r}", hint=f"The one model is {parts.parts.model.name!r}."
        )
    return _model(parts)


def _model(parts: Ready) -> dict[str, Any]:
    name = parts.parts.model.name
    return {"id": name, "object": "model", "created": 0, "owned_by": "command-interpreter"}


@router.post(
    "/chat/completions",
    response_model=None,
    responses={200: {"description": "A chat completion, or its chunks as Server-Sent Events."}},
)
async def chat_completions(
    body: ChatRequest, request: Request, asked: AskedFor
) -> JSONResponse | StreamingResponse:
    """Answer the last user message with ``{"commands":[…]}``; a refusal leaves the list empty.

    What is too much at once, or likelier wrong than right, is refused with ``finish_reason``
    ``length``; a stream has sent commands by then, and its content stays open.
    """
    schema = _expected(body)
    utterance = InterpretRequest(text=_utterance(body), ground=False)
    completion = _Completion(f"chatcmpl-{asked.request_id}", asked.parts.parts.model.name)
    if body.stream and schema is None:
        events = await _begun(asked, utterance, completion, body)
    else:
        outcome = await unless_gone(
            request, asked.parts.admission.run(_work(asked, utterance, completion))
        )
        asked.metrics.answered(outcome)
        if schema is not None:
            schema.check(content_of(outcome.commands))
        if not body.stream:
            return JSONResponse(completion.whole(outcome))
        events = _at_once(outcome, completion, body)
    return StreamingResponse(
        events, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


def content_of(commands: tuple[RobotCommand, ...]) -> str:
    """The plan as one compact JSON object."""
    return compact({"commands": [_plain(command) for command in commands]})


def _refusal(outcome: Outcome) -> str | None:
    return outcome.reason or outcome.question


def _finish(outcome: Outcome) -> Literal["stop", "length"]:
    # Without grounding no slot is unclear: what is asked back has no plan, and a stream that has
    # sent commands of it by then is cut short.
    return "length" if isinstance(outcome, Clarify) else "stop"


def _plain(command: RobotCommand) -> dict[str, Any]:
    return command.model_dump(mode="json", exclude={"grounding"})


def _expected(body: ChatRequest) -> AnswerSchema | None:
    """The schema the answer must fit, once all that cannot be kept is refused."""
    if body.tools:
        raise InvalidRequest(
            "tools: calling tools is not supported",
            hint="Leave out tools: the content is the plan; GET /v1/commands has its schema.",
        )
    if body.n not in (None, 1):
        raise InvalidRequest("n: there is one plan for an utterance", hint="Leave out n.")
    _refuse_unknown(body.model_extra or {})
    wanted = body.response_format or {"type": "text"}
    match wanted.get("type"):
        case "text" | "json_object":  # the content is JSON in either case
            return None
        case "json_schema":
            return AnswerSchema(_schema_in(wanted))
    raise InvalidRequest(
        f"response_format.type: {wanted.get('type')!r} is not supported",
        hint="Use text, json_object or json_schema.",
    )


def _refuse_unknown(extra: dict[str, Any]) -> None:
    # An unset value asks for nothing: clients send null, [] and false for what they leave alone.
    unknown = sorted(key for key, value in extra.items() if value and key not in _NO_EFFECT)
    if extra.get("tool_choice") == "none":
        unknown.remove("tool_choice")
    if unknown:
        raise InvalidRequest(
            f"{', '.join(unknown)}: not supported", hint="Leave it out; the answer would not obey."
        )


def _schema_in(wanted: dict[str, Any]) -> dict[str, Any] | bool:
    # OpenAI nests the schema; llama.cpp's server also takes it beside the type.
    nested = wanted.get("json_schema")
    schema = nested.get("schema") if isinstance(nested, dict) else wanted.get("schema")
    if not isinstance(schema, dict | bool):
        raise InvalidRequest(
            "response_format.json_schema.schema: there is no JSON schema",
            hint='Send {"type": "json_schema", "json_schema": {"name": …, "schema": {…}}}.',
        )
    return schema


def _utterance(body: ChatRequest) -> str:
    last = next((m for m in reversed(body.messages) if m.role == "user"), None)
    if last is None:
        raise InvalidRequest(
            "messages: there is no user message", hint="Send what the person said as role 'user'."
        )
    parts = last.content if isinstance(last.content, list) else []
    if other := next((part.type for part in parts if part.type != "text"), None):
        raise InvalidRequest(
            f"messages: a part of type {other!r} is not supported", hint="Send text parts only."
        )
    text = last.content if isinstance(last.content, str) else " ".join(p.text for p in parts)
    try:
        return _TEXT.validate_python(text)
    except ValidationError as error:
        told = "; ".join(e["msg"].removeprefix("Value error, ") for e in error.errors())
        raise InvalidRequest(
            f"messages: the last user message: {told}",
            hint="Send what the person said, without instructions around it.",
        ) from None


def _work(
    asked: Asked,
    utterance: InterpretRequest,
    completion: _Completion,
    on_command: CommandListener | None = None,
) -> Work[Outcome]:
    def kept(decoded: Decoded) -> None:
        completion.decoded = decoded

    def work(ticket: Ticket) -> Outcome:
        return asked.parts.interpreter.interpret(
            utterance, Call(asked.request_id, ticket.waited, ticket.cancelled, on_command, kept)
        )

    return work


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {compact(data)}\n\n".encode()


async def _at_once(
    outcome: Outcome, completion: _Completion, body: ChatRequest
) -> AsyncIterator[bytes]:
    """A whole answer as chunks: a schema is checked before anything is sent."""
    yield completion.chunk({"role": "assistant", "content": content_of(outcome.commands)})
    for event in _end(outcome, completion, body):
        yield event


def _end(outcome: Outcome, completion: _Completion, body: ChatRequest) -> list[bytes]:
    refusal = _refusal(outcome)
    told = [completion.chunk({"refusal": refusal})] if refusal else []
    told.append(completion.chunk({}, finish=_finish(outcome)))
    if body.stream_options and body.stream_options.include_usage:
        told.append(completion.usage_chunk())
    return [*told, b"data: [DONE]\n\n"]


async def _begun(
    asked: Asked, utterance: InterpretRequest, completion: _Completion, body: ChatRequest
) -> AsyncIterator[bytes]:
    """Chunks as commands are decoded; what admission refuses is refused before the first."""
    pieces: Pieces[str] = Pieces()

    def on_command(index: int, command: RobotCommand) -> None:
        pieces.put(("," if index else "") + compact(_plain(command)))

    work = _work(asked, utterance, completion, on_command)
    running = await pieces.begin(asked.parts.admission.run(work))

    async def stream() -> AsyncIterator[bytes]:
        yield completion.chunk({"role": "assistant", "content": '{"commands":['})
        try:
            async for piece in pieces:
                yield completion.chunk({"content": piece})
            outcome = running.result()
        except CommandInterpreterError as fault:
            yield _event(error_of(fault, asked.request_id).model_dump())
            return
        finally:
            running.cancel()
        asked.metrics.answered(outcome)
        # Closed, the commands sent so far would pass for a plan.
        if _finish(outcome) == "stop":
            yield completion.chunk({"content": "]}"})
        for event in _end(outcome, completion, body):
            yield event

    return stream()
