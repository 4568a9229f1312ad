"""Utterances in, interpretations out: one, several, or one as it is decoded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from app.admission import Ticket, Work
from app.dependencies import Asked, AskedFor, unless_gone
from app.faults import error_of
from app.interpreter import Call, CommandListener, Outcome
from app.pieces import Pieces
from schemas.api import (
    BatchRequest,
    BatchResponse,
    Clarify,
    CommandEvent,
    Interpretation,
    Interpreted,
    InterpretRequest,
    Unsupported,
)
from schemas.commands import RobotCommand
from schemas.errors import CommandInterpreterError

router = APIRouter(prefix="/v1/interpret", tags=["interpret"])


def work_for(
    asked: Asked, body: InterpretRequest, on_command: CommandListener | None = None
) -> Work[Outcome]:
    """The interpretation of one utterance, as the worker threads take it."""

    def work(ticket: Ticket) -> Outcome:
        call = Call(asked.request_id, ticket.waited, ticket.cancelled, on_command)
        return asked.parts.interpreter.interpret(body, call)

    return work


@router.post("", response_model=Interpretation)
async def interpret(
    body: InterpretRequest, request: Request, asked: AskedFor
) -> Interpreted | Clarify | Unsupported:
    """Turn one utterance into a plan, a question, or an honest no."""
    answer = await unless_gone(request, asked.parts.admission.run(work_for(asked, body)))
    asked.metrics.answered(answer)
    return answer


@router.post("/batch")
async def interpret_batch(body: BatchRequest, request: Request, asked: AskedFor) -> BatchResponse:
    """Turn up to 32 utterances into one interpretation each, in their order."""
    works = [
        work_for(asked, InterpretRequest(text=text, ground=body.ground)) for text in body.texts
    ]
    answers = await unless_gone(request, asked.parts.admission.run_all(works))
    for answer in answers:
        asked.metrics.answered(answer)
    return BatchResponse(request_id=asked.request_id, interpretations=tuple(answers))


@router.post(
    "/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-Sent Events."}},
)
async def interpret_stream(body: InterpretRequest, asked: AskedFor) -> StreamingResponse:
    """Send each command the moment it is decoded and grounded, then the whole answer.

    Events: ``command`` {index, command}, then one ``interpretation``; or one ``error``. Only the
    interpretation says whether all of it can be done: its question or reason is about the whole.
    """
    events: Pieces[bytes] = Pieces()

    def on_command(index: int, command: RobotCommand) -> None:
        events.put(_command_event(index, command))

    running = await events.begin(asked.parts.admission.run(work_for(asked, body, on_command)))

    async def stream() -> AsyncIterator[bytes]:
        try:
            async for event in events:
                yield event
            yield _last_event(running, asked)
        finally:
            running.cancel()

    return StreamingResponse(
        stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


def _command_event(index: int, command: RobotCommand) -> bytes:
    event = CommandEvent(index=index, command=command)
    return format_sse_event(event="command", data_str=event.model_dump_json())


def _last_event(running: asyncio.Task[Outcome], asked: Asked) -> bytes:
    try:
        outcome = running.result()
    except CommandInterpreterError as fault:
        body = error_of(fault, asked.request_id).model_dump_json()
        return format_sse_event(event="error", data_str=body)
    asked.metrics.answered(outcome)
    return format_sse_event(event="interpretation", data_str=outcome.model_dump_json())
