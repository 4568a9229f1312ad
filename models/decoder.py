"""Many answers decoded at once in one llama.cpp context: continuous batching.

One owner thread runs the model. Requests join and leave between any two evaluations; every
evaluation carries the next tokens of all of them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import log
from queue import SimpleQueue

from models.answer import Choice, Writing
from models.automaton import Automaton
from models.base import Decoded, Listener
from models.calibration import Calibration
from models.context import Context, Logits
from models.copying import Copying
from models.sequence import Drafter, Sequence
from schemas.errors import (
    Cancelled,
    CommandInterpreterError,
    InvalidRequest,
    ModelError,
    ModelUnavailable,
)
from schemas.plan import Plan

Event = bytes | Sequence | Exception
"""More text, the whole answer, or a fault."""


@dataclass(slots=True, eq=False)
class Request:
    """One utterance on its way through the decoder."""

    prompt: list[int]
    writing: Writing
    drafter: Drafter | None
    copying: Copying | None
    on_command: Listener | None
    """Called in the caller's thread, so that the owner never waits for it."""
    cancelled: Callable[[], bool]
    sequence: Sequence | None = None
    told: int = 0
    """Bytes of the answer that the caller has been told."""
    events: SimpleQueue[Event] = field(default_factory=SimpleQueue)
    """For the caller: more text, if it listens; at last the whole answer, or a fault."""
    left: bool = False
    """The caller waits for the end only to be sure that its sequence is free."""

    def unwanted(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.left or self.cancelled()


class Decoder:
    """Owns a context and the thread that evaluates it.

    Args:
        prefix: tokens every prompt starts with.
        sequences: requests decoded at once.
        max_tokens: tokens an answer may take.
        max_draft: choices guessed ahead in one evaluation of one sequence.
    """

    def __init__(
        self,
        context: Context,
        automaton: Automaton,
        *,
        prefix: list[int],
        sequences: int,
        max_tokens: int,
        max_draft: int,
        hasty: bool,
        calibration: Calibration,
    ) -> None:
        self._calibration = calibration
        self._context = context
        self._automaton = automaton
        self._prefix = prefix
        self._max_tokens = max_tokens
        self._max_draft = max_draft
        self._hasty = hasty
        self._free = list(range(sequences))
        self._held = [0] * sequences
        """Tokens of the prefix in each sequence's cache."""
        self._left: list[int] = []
        """Sequences whose cache still holds an answer that ended."""
        self._waiting: deque[Request] = deque()
        self._active: list[Request] = []
        self._untold: list[tuple[Request, Event]] = []
        self.turn = threading.Lock()
        """Held by the one caller that computes: many at once would only take the interpreter from
        each other, and from the owner."""
        self._changed = threading.Condition()
        self._closed = False
        self._warm_up()
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    def _warm_up(self) -> None:
        for number in self._free if self._prefix else ():
            self._context.add(number, 0, self._prefix, ())
            self._context.evaluate()
            self._held[number] = len(self._prefix)

    def decode(self, request: Request) -> Decoded:
        """Answer a request; blocks until it is whole.

        Raises:
            InvalidRequest: its prompt does not fit the context.
            Cancelled: the caller went away.
            ModelError: the model failed, or was closed.
        """
        if len(request.prompt) + self._max_tokens > self._context.length:
            raise InvalidRequest(
                f"the utterance takes {len(request.prompt)} tokens, too many for the context",
                hint="Shorten the text, or raise MODEL__CONTEXT.",
            )
        with self._changed:
            if self._closed:
                raise ModelUnavailable("the model was closed")
            self._waiting.append(request)
            self._changed.notify()
        event = request.events.get()
        try:
            while isinstance(event, bytes):
                _hear(request, event)
                event = request.events.get()
            if isinstance(event, Exception):
                raise event
            _hear(request, bytes(event.text[request.told :]))
            with self.turn:
                return self._decoded(request, event)
        finally:
            request.left = True
            while isinstance(event, bytes):
                event = request.events.get()

    @property
    def seconds(self) -> float:
        """Time llama.cpp took for evaluations so far."""
        return self._context.seconds

    @property
    def active(self) -> int:
        """Sequences in use now."""
        return len(self._active)

    def close(self) -> None:
        """Fail what is under way, end the thread and free the context."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self._context.close()

    def _run(self) -> None:
        while self._admit():
            try:
                self._step()
            except CommandInterpreterError as error:
                self._fail(self._active, error)
            except Exception as error:
                self._fail(self._active, ModelError(f"the decoder failed: {error!r}"))
        self._fail([*self._active, *self._waiting], ModelUnavailable("the model was closed"))
        self._tell()

    def _admit(self) -> bool:
        """Let waiting requests join; waits while there are none. False: closed."""
        if not self._active:
            self._tell()
        # Only now: callers wake up meanwhile.
        for number in self._left:
            self._context.truncate(number, self._held[number])
        self._left.clear()
        with self._changed:
            while not (self._active or self._waiting or self._closed):
                self._changed.wait()
            joining = list(self._joining())
        for request in joining:
            self._join(request)
        return not self._closed

    def _joining(self) -> Iterator[Request]:
        for request in [r for r in self._waiting if r.unwanted()]:
            self._waiting.remove(request)
            request.events.put(Cancelled("the client went away while waiting"))
        for _ in range(min(len(self._free), len(self._waiting))):
            yield self._waiting.popleft()

    def _join(self, request: Request) -> None:
        number = self._free.pop()
        shared = min(self._held[number], _agreement(request.prompt, self._prefix))
        if shared < self._held[number]:
            self._context.truncate(number, shared)
            self._held[number] = shared
        self._active.append(request)
        request.sequence = Sequence(
            number,
            request.prompt,
            shared,
            automaton=self._automaton,
            drafter=request.drafter,
            copying=request.copying,
            hasty=self._hasty and request.on_command is not None,
            max_tokens=self._max_tokens,
            max_draft=self._max_draft,
        )

    def _leave(self, request: Request) -> None:
        self._active.remove(request)
        if request.sequence is not None:
            self._left.append(request.sequence.number)
            self._free.append(request.sequence.number)

    def _step(self) -> None:
        """One evaluation of all active sequences."""
        for request in [r for r in self._active if r.unwanted()]:
            self._fail([request], Cancelled("the client went away"))
        filled = list(self._fill())
        # Callers compute while the model does.
        self._tell()
        if not filled:
            return
        logits = self._context.evaluate()
        for request, sequence in filled:
            try:
                self._read(request, sequence, logits)
            except Exception as error:
                self._fail([request], error)
        # Who came first in this batch comes last in the next: nobody starves in a full one.
        self._active.append(self._active.pop(0)) if self._active else None

    def _fill(self) -> Iterator[tuple[Request, Sequence]]:
        room = self._context.capacity
        for request in list(self._active):
            if room <= 0:
                return
            sequence = request.sequence
            assert sequence is not None
            try:
                room -= sequence.fill(self._context, room)
            except Exception as error:
                self._fail([request], error)
            else:
                yield request, sequence

    def _read(self, request: Request, sequence: Sequence, logits: Logits) -> None:
        sequence.read(logits, self._context)
        if sequence.finished:
            self._leave(request)
            self._untold.append((request, sequence))
        elif request.on_command is not None:
            self._untold.append((request, bytes(sequence.text[request.told :])))
            request.told = len(sequence.text)

    def _tell(self) -> None:
        for request, event in self._untold:
            request.events.put(event)
        self._untold.clear()

    def _fail(self, requests: list[Request], error: Exception) -> None:
        for request in list(requests):
            if request in self._active:
                self._leave(request)
            elif request in self._waiting:
                self._waiting.remove(request)
            request.events.put(error)

    def _decoded(self, request: Request, sequence: Sequence) -> Decoded:
        writing = request.writing
        writing.choices += [
            Choice(offset, log(max(probability, 1e-30)))
            for offset, probability in sequence.probabilities
        ]
        answer = writing.answer()
        slots = writing.slot_confidence() if isinstance(answer, Plan) else ()
        return Decoded(
            answer=answer,
            confidence=self._calibration.plan(writing.confidence()),
            slot_confidence=tuple(
                {name: self._calibration.slot(chance) for name, chance in command.items()}
                for command in slots
            ),
            tokens=sequence.tokens,
            evaluations=sequence.evaluations,
            prompt_tokens=sequence.prompt_tokens,
        )


def _hear(request: Request, text: bytes) -> None:
    """Write on, and tell the listener the commands that are whole now.

    Raises:
        Cancelled: the client went away.
        ModelAnswerInvalid: a value breaks its class.
    """
    request.writing.append(text)
    if request.on_command is None:
        return
    for command in request.writing.commands():
        if request.cancelled():
            raise Cancelled("the client went away")
        request.on_command(command)


def _agreement(prompt: list[int], prefix: list[int]) -> int:
    """Tokens both start with; never the whole prompt, whose last token has to be evaluated."""
    pairs = zip(prompt[:-1], prefix, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(prompt) - 1, len(prefix)))
