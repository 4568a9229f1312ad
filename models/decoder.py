"""Many answers decoded at once in one llama.cpp context: continuous batching.

One owner thread runs the model. Requests join and leave between any two evaluations; every
evaluation carries the next tokens of all of them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from models.answer import Writing
from models.base import Decoded, Listener
from models.constraint import Constraint
from models.context import Context, Logits
from models.sequence import Drafter, Sequence
from schemas.errors import (
    Cancelled,
    CommandInterpreterError,
    InvalidRequest,
    ModelError,
    ModelUnavailable,
)
from schemas.plan import Plan

PREFIX = 0
"""The sequence that keeps the tokens all prompts start with."""


@dataclass(slots=True, eq=False)
class Request:
    """One utterance on its way through the decoder."""

    prompt: list[int]
    writing: Writing
    drafter: Drafter | None
    on_command: Listener
    cancelled: Callable[[], bool]
    result: Future[Decoded] = field(default_factory=Future)
    sequence: Sequence | None = None


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
        constraint: Constraint,
        *,
        prefix: list[int],
        sequences: int,
        max_tokens: int,
        max_draft: int,
    ) -> None:
        self._context = context
        self._constraint = constraint
        self._prefix = prefix
        self._max_tokens = max_tokens
        self._max_draft = max_draft
        self._free = list(range(sequences, 0, -1))
        self._cells = context.cells - len(prefix)
        self._waiting: deque[Request] = deque()
        self._active: list[Request] = []
        self._changed = threading.Condition()
        self._closed = False
        self._warm_up()
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    def _warm_up(self) -> None:
        if self._prefix:
            self._context.add(PREFIX, 0, self._prefix, ())
            self._context.evaluate()

    def decode(self, request: Request) -> Decoded:
        """Answer a request; blocks until it is whole.

        Raises:
            InvalidRequest: its prompt does not fit the context.
            Cancelled: the caller went away.
            ModelError: the model failed, or was closed.
        """
        if self._cost(request) > self._cells:
            raise InvalidRequest(
                f"the utterance takes {len(request.prompt)} tokens, too many for the context",
                hint="Shorten the text, or raise MODEL__CONTEXT.",
            )
        with self._changed:
            if self._closed:
                raise ModelUnavailable("the model was closed")
            self._waiting.append(request)
            self._changed.notify()
        return request.result.result()

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

    def _cost(self, request: Request) -> int:
        return len(request.prompt) - len(self._prefix) + self._max_tokens

    def _run(self) -> None:
        while self._admit():
            try:
                self._step()
            except CommandInterpreterError as error:
                self._fail(self._active, error)
            except Exception as error:
                self._fail(self._active, ModelError(f"the decoder failed: {error!r}"))
        self._fail([*self._active, *self._waiting], ModelUnavailable("the model was closed"))

    def _admit(self) -> bool:
        """Let waiting requests join; waits while there are none. False: closed."""
        with self._changed:
            while not (self._active or self._waiting or self._closed):
                self._changed.wait()
            joining = list(self._joining())
        for request in joining:
            self._join(request)
        return not self._closed

    def _joining(self) -> Iterator[Request]:
        room = self._cells - sum(self._cost(request) for request in self._active)
        for request in [r for r in self._waiting if r.cancelled()]:
            self._waiting.remove(request)
            request.result.set_exception(Cancelled("the client went away while waiting"))
        free = len(self._free)
        while self._waiting and free and self._cost(self._waiting[0]) <= room:
            request = self._waiting.popleft()
            room -= self._cost(request)
            free -= 1
            yield request

    def _join(self, request: Request) -> None:
        shared = len(self._prefix)
        if request.prompt[:shared] != self._prefix or len(request.prompt) == shared:
            shared = 0
        number = self._free.pop()
        self._active.append(request)
        if shared:
            self._context.copy(PREFIX, number, shared)
        request.sequence = Sequence(
            number,
            request.prompt,
            shared,
            writing=request.writing,
            constraint=self._constraint,
            drafter=request.drafter,
            max_tokens=self._max_tokens,
            max_draft=self._max_draft,
        )

    def _leave(self, request: Request) -> None:
        self._active.remove(request)
        if request.sequence is not None:
            self._context.truncate(request.sequence.number, 0)
            self._free.append(request.sequence.number)

    def _step(self) -> None:
        for request in [r for r in self._active if r.cancelled()]:
            self._fail([request], Cancelled("the client went away"))
        filled = list(self._fill())
        if not filled:
            return
        logits = self._context.evaluate()
        for request in filled:
            try:
                self._read(request, logits)
            except Exception as error:
                self._fail([request], error)
        # Who came first in this batch comes last in the next: nobody starves in a full one.
        self._active.append(self._active.pop(0)) if self._active else None

    def _fill(self) -> Iterator[Request]:
        room = self._context.capacity
        for request in self._active:
            if room <= 0:
                return
            assert request.sequence is not None
            room -= request.sequence.fill(self._context, room)
            yield request

    def _read(self, request: Request, logits: Logits) -> None:
        sequence = request.sequence
        assert sequence is not None
        sequence.read(logits, self._context)
        for command in request.writing.commands():
            request.on_command(command)
        if sequence.finished:
            decoded = _decoded(sequence)
            self._leave(request)
            request.result.set_result(decoded)

    def _fail(self, requests: list[Request], error: Exception) -> None:
        for request in list(requests):
            if request in self._active:
                self._leave(request)
            elif request in self._waiting:
                self._waiting.remove(request)
            request.result.set_exception(error)


def _decoded(sequence: Sequence) -> Decoded:
    writing = sequence.writing
    answer = writing.answer()
    return Decoded(
        answer=answer,
        confidence=writing.confidence(),
        slot_confidence=writing.slot_confidence() if isinstance(answer, Plan) else (),
        tokens=sequence.tokens,
        evaluations=sequence.evaluations,
    )
