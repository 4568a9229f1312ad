"""A model without weights: says what it was scripted to say and remembers what it was asked."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from models.base import Decoded, Listener, _ignore, _never
from models.options import StubOptions
from schemas.commands import COMMANDS
from schemas.errors import (
    Cancelled,
    CommandInterpreterError,
    ModelUnavailable,
    SettingsError,
)
from schemas.plan import Answer, Plan, answer_from

Scripted = Answer | dict[str, Any] | CommandInterpreterError
"""An answer, its JSON as a model writes it, or a fault to raise."""


class StubModel:
    """Deterministic answers: enqueued ones first, then the script's, then a small rule's.

    Raises:
        SettingsError: the script cannot be read.
    """

    name = "stub"
    slots = 4

    def __init__(self, options: StubOptions | None = None, *, delay: float = 0.0) -> None:
        self.history: list[str] = []
        """The utterances asked, in order."""
        self.delay = delay
        """Seconds each command takes."""
        self._queue: deque[Scripted] = deque()
        self._lock = threading.Lock()
        self._closed = False
        path = options.script if options is not None else None
        self._script = {} if path is None else _script(path)

    def enqueue(self, *answers: Scripted) -> None:
        """Answer the next utterances so, whatever they are."""
        self._queue.extend(answers)

    def plan(
        self,
        text: str,
        *,
        on_command: Listener = _ignore,
        cancelled: Callable[[], bool] = _never,
    ) -> Decoded:
        """Answer one utterance.

        Raises:
            Cancelled: ``cancelled`` said so.
            ModelUnavailable: the model was closed.
            CommandInterpreterError: whatever was enqueued.
        """
        if self._closed:
            raise ModelUnavailable("the model was closed")
        with self._lock:
            self.history.append(text)
            scripted = self._queue.popleft() if self._queue else self._scripted(text)
        if isinstance(scripted, CommandInterpreterError):
            raise scripted
        answer = answer_from(scripted, text) if isinstance(scripted, dict) else scripted
        for command in answer.commands if isinstance(answer, Plan) else ():
            if self.delay:
                time.sleep(self.delay)
            if cancelled():
                raise Cancelled("the client went away")
            on_command(command)
        return Decoded(answer=answer, confidence=1.0)

    def _scripted(self, text: str) -> dict[str, Any]:
        return self._script.get(_plain(text)) or by_rule(text)

    def close(self) -> None:
        """Later calls raise ``ModelUnavailable``."""
        self._closed = True


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower()))


def _script(path: Path) -> dict[str, dict[str, Any]]:
    try:
        script = json.loads(path.read_text(encoding="utf-8"))
        answers = {_plain(text): answer for text, answer in script.items()}
        for text, answer in answers.items():
            answer_from(answer, text)
    except (OSError, ValueError, AttributeError, ValidationError) as error:
        raise SettingsError(
            f"the stub's script {path} cannot be read: {error}",
            hint='It is a JSON object: {"utterance": {"commands": […]}}.',
        ) from error
    return answers


_ARTICLE = r"(?:the |a |an |my |some )?"
_RULES: Final = (
    (
        rf"\b(?:bring|give|get|fetch|hand) me {_ARTICLE}(?P<thing>.+?) "
        rf"from {_ARTICLE}(?P<place>.+)",
        ("go_to place", "pick_object thing", "go_to start_location", "give_object"),
    ),
    (
        rf"\b(?:bring|give|get|fetch|hand) me {_ARTICLE}(?P<thing>.+)",
        ("pick_object thing", "go_to start_location", "give_object"),
    ),
    (
        rf"\b(?:go|drive|navigate|move|come) to {_ARTICLE}(?P<place>.+)",
        ("go_to place",),
    ),
    (
        rf"\b(?:find|meet|greet) (?P<name>\w+) in {_ARTICLE}(?P<place>.+)",
        ("go_to place", "find_person_by_name name"),
    ),
    (
        rf"\bhow many (?P<what>.+?) are (?:there )?(?:in|on) {_ARTICLE}(?P<place>.+)",
        ("go_to place", "count what", "go_to start_location", "say_with_context count"),
    ),
)
"""Utterance pattern, and the commands it stands for: a tag and what fills its slot."""


def by_rule(text: str) -> dict[str, Any]:
    """A plan for the simplest utterances, a refusal for the rest; enough to show the service."""
    fields = {c.tag(): [f for f, s in c.slots().items() if s.generated] for c in COMMANDS}
    plain = _plain(text)
    for pattern, steps in _RULES:
        if match := re.search(pattern, plain):
            commands = []
            for step in steps:
                tag, *values = step.split()
                words = [match.groupdict().get(value, value) for value in values]
                commands.append({"action": tag, **dict(zip(fields[tag], words, strict=True))})
            return {"commands": commands}
    return {"commands": [], "reason": "unintelligible", "verb": ""}
