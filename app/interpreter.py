"""One utterance becomes one interpretation. No HTTP and no llama.cpp in here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from app.dialogue import NewCommand, Revised, Withdrawn, read
from app.quantity import miscounts, swallows
from app.questions import TOO_MUCH, UNSURE, first_unclear, question_for
from app.sessions import Commands, Groundings, Session, Sessions
from app.transcript import normalise
from models.base import CommandModel, Decoded
from schemas.api import (
    GROUNDED,
    LONG_TEXT,
    Clarify,
    Interpreted,
    InterpretRequest,
    Timings,
    Unsupported,
)
from schemas.commands import RobotCommand
from schemas.grounding import Fields
from schemas.plan import LONG_PLAN, Decline, DeclineReason, Plan, TooMuch

Outcome = Interpreted | Clarify | Unsupported

CommandListener = Callable[[int, RobotCommand], None]
"""Called with index and grounded command while the rest is still being decoded."""


class PlanGrounding(Protocol):
    """Grounds the commands of a plan one after the other."""

    def add(self, command: RobotCommand) -> Iterable[Fields]:
        """What is certain with the next command, of the commands in their order."""

    def end(self) -> Iterable[Fields]:
        """What is certain once there is no further command."""


class Grounder(Protocol):
    """What the interpreter needs of a knowledge base."""

    def ground(self, commands: Commands, utterance: str) -> Groundings:
        """One dict a command: field to grounding."""

    def plan_grounding(self) -> PlanGrounding:
        """The same, command by command."""

    def canonical(self, command: RobotCommand, groundings: Fields) -> RobotCommand:
        """The command with the knowledge base's names where the words are known."""


@dataclass(frozen=True, slots=True)
class Call:
    """Where a request stands besides its text."""

    request_id: str
    waited: float = 0.0
    """Seconds in the queue."""
    cancelled: Callable[[], bool] = lambda: False
    on_command: CommandListener | None = None
    on_decoded: Callable[[Decoded], None] = lambda _: None
    """Told what the model did, where it was asked at all."""


REASONS = {
    DeclineReason.CHIT_CHAT: "not a task for the robot: conversation",
    DeclineReason.WORLD_QUESTION: "not a task for the robot: a question about the world",
    DeclineReason.INJECTION: "not a task for the robot: an attempt to change its instructions",
    DeclineReason.UNINTELLIGIBLE: "not understood: no task could be made out",
}
WITHDRAWN = "canceled: the speaker withdrew the request"

EVEN_ODDS = 0.5
"""Confidence below which a plan is likelier wrong than right."""


class Interpreter:
    """The straight line from transcript to interpretation.

    Safe to call from several threads, as many at once as the model has slots.
    """

    def __init__(self, model: CommandModel, knowledge: Grounder, sessions: Sessions) -> None:
        self._model = model
        self._knowledge = knowledge
        self._sessions = sessions

    def interpret(self, request: InterpretRequest, call: Call) -> Outcome:
        """Answer one request; blocks the calling thread.

        Raises:
            Cancelled: nobody waits any more.
            ModelError, KnowledgeError: a part failed.
        """
        line = _Line(self._model, self._knowledge, request, call)
        with self._sessions.use(request.session_id) as session:
            return line.walk(session)


class _Line:
    """One request on its way, with the clocks it carries."""

    def __init__(
        self, model: CommandModel, knowledge: Grounder, request: InterpretRequest, call: Call
    ) -> None:
        self._model = model
        self._knowledge = knowledge
        self._request = request
        self._call = call
        self._begun = time.perf_counter()
        self._model_seconds = 0.0
        self._grounding_seconds = 0.0
        self._grounding = knowledge.plan_grounding()
        self._spoken: list[RobotCommand] = []
        self._groundings: list[Fields] = []
        """Of the commands whose grounding is certain."""
        self._commands: list[RobotCommand] = []
        """The same commands, grounded."""

    def walk(self, session: Session) -> Outcome:
        text = normalise(self._request.text)
        match read(text, session, self._ground_alone):
            case Withdrawn():
                session.forget()
                return self._unsupported(WITHDRAWN, 1.0)
            case Revised(spoken):
                return self._grounded(spoken, session, session.confidence)
            case NewCommand():
                return self._planned(text, session)

    def _planned(self, text: str, session: Session) -> Outcome:
        begun, grounded = time.perf_counter(), self._grounding_seconds
        decoded = self._decoded(text)
        self._call.on_decoded(decoded)
        streaming = self._grounding_seconds - grounded
        self._model_seconds = time.perf_counter() - begun - streaming
        match decoded.answer:
            case Decline() as decline:
                session.forget()
                return self._unsupported(_reason(decline), decoded.confidence)
            case TooMuch():
                return self._asked_anew(TOO_MUCH, session, decoded.confidence)
            case Plan(commands=commands):
                question = doubt(commands, text, decoded.confidence)
                if question is not None:
                    return self._asked_anew(question, session, decoded.confidence)
                session.utterance = text
                return self._grounded(commands, session, decoded.confidence)

    def _decoded(self, text: str) -> Decoded:
        """A model that nobody listens to need not hurry with the first command."""
        if self._call.on_command is None:
            return self._model.plan(text, cancelled=self._call.cancelled)
        return self._model.plan(text, on_command=self._take, cancelled=self._call.cancelled)

    def _grounded(self, spoken: Commands, session: Session, confidence: float) -> Outcome:
        for command in spoken[len(self._spoken) :]:
            self._take(command)
        if self._request.ground:
            self._settle(self._grounding.end)
        commands, groundings = tuple(self._commands), tuple(self._groundings)
        if not self._request.ground:
            return self._interpreted(commands, confidence)
        if swallows(groundings):
            return self._asked_anew(TOO_MUCH, session, confidence)
        unclear = first_unclear(groundings)
        session.spoken, session.groundings = spoken, groundings
        session.asked, session.confidence = unclear is not None, confidence
        if unclear is None:
            return self._interpreted(commands, confidence)
        question = question_for(unclear, spoken[unclear.command])
        return Clarify(question=question, commands=commands, **self._common(confidence))

    def _take(self, command: RobotCommand) -> None:
        """Ground the next command of the plan with those before it as context."""
        self._spoken.append(command)
        self._settle(lambda: self._grounding.add(command) if self._request.ground else ({},))

    def _settle(self, ground: Callable[[], Iterable[Fields]]) -> None:
        """Ground, and pass on the commands that are certain now."""
        for fields in self._timed(ground):
            index = len(self._commands)
            self._groundings.append(fields)
            self._commands.append(self._with_grounding(self._spoken[index], fields))
            if self._call.on_command is not None:
                self._call.on_command(index, self._commands[index])

    def _timed(self, ground: Callable[[], Iterable[Fields]]) -> Groundings:
        begun = time.perf_counter()
        groundings = tuple(ground())
        self._grounding_seconds += time.perf_counter() - begun
        return groundings

    def _ground_alone(self, command: RobotCommand) -> Fields:
        return self._timed(lambda: self._knowledge.ground((command,), self._request.text))[0]

    def _with_grounding(self, command: RobotCommand, fields: Fields) -> RobotCommand:
        named = self._knowledge.canonical(command, fields)
        return GROUNDED[type(command)].model_validate({**dict(named), "grounding": fields})

    def _interpreted(self, commands: Commands, confidence: float) -> Interpreted:
        return Interpreted(commands=commands, **self._common(confidence))

    def _asked_anew(self, question: str, session: Session, confidence: float) -> Clarify:
        session.forget()
        return Clarify(question=question, commands=(), **self._common(confidence))

    def _unsupported(self, reason: str, confidence: float) -> Unsupported:
        return Unsupported(reason=reason, **self._common(confidence))

    def _common(self, confidence: float) -> dict[str, Any]:
        walked = time.perf_counter() - self._begun
        timings = Timings(
            queue=_ms(self._call.waited),
            model=_ms(self._model_seconds),
            grounding=_ms(self._grounding_seconds),
            total=_ms(self._call.waited + walked),
        )
        return {
            "request_id": self._call.request_id,
            "text": self._request.text,
            "confidence": round(min(1.0, max(0.0, confidence)), 4),
            "model": self._model.name,
            "timings_ms": timings,
        }


def doubt(commands: Commands, text: str, confidence: float) -> str | None:
    """What to ask in place of a plan that should not be carried out.

    One that fetches another number of a thing than was said does less than was asked for. So does,
    mostly, one for more than three tasks that is likelier wrong than right (``python -m
    benchmarks.several`` counts them); a shorter one was not understood.
    """
    if miscounts(commands, text):
        return TOO_MUCH
    if confidence >= EVEN_ODDS:
        return None
    return TOO_MUCH if len(commands) > LONG_PLAN or len(text) > LONG_TEXT else UNSURE


def _reason(decline: Decline) -> str:
    if decline.reason is DeclineReason.MISSING_ACTION:
        what = f": {decline.verb}" if decline.verb else ""
        return f"the robot lacks the action{what}"
    return REASONS[decline.reason]


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 2)
