"""The text a constrained model writes, read while it grows and when it is whole."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate
from math import exp, log
from typing import NamedTuple

from pydantic import ValidationError

from schemas.commands import RobotCommand
from schemas.errors import ModelAnswerInvalid
from schemas.plan import Answer, TooMuch, answer_from, command_from, too_much

STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
"""A regular expression of a string of JSON."""

_FIELD = re.compile(rb'"([a-z_]+)":(' + STRING + rb")")
_COMMAND = re.compile(rb'\{"action":%b(?:,"[a-z_]+":%b)*\}' % (STRING, STRING))


class Choice(NamedTuple):
    """One token the model chose: where in the text, in bytes, and how likely it was."""

    offset: int
    log_probability: float


class Writing:
    """The answer to one utterance as it is written; offsets are bytes."""

    def __init__(self, utterance: str) -> None:
        self.utterance = utterance
        self._text = bytearray()
        self._read = 0
        self.choices: list[Choice] = []

    @property
    def text(self) -> str:
        """What is written so far."""
        return self._text.decode("utf-8", errors="ignore")

    @property
    def too_much(self) -> bool:
        """Whether there are more commands already than a plan may have: the rest is not needed."""
        return too_much(self._text)

    def choose(self, probability: float) -> None:
        """Note that the next piece is a choice of that probability."""
        self.choices.append(Choice(len(self._text), log(max(probability, 1e-30))))

    def append(self, piece: bytes) -> None:
        """Write on."""
        self._text += piece

    def commands(self) -> Iterator[RobotCommand]:
        """The commands completed since the last call, as many as a plan may have.

        Raises:
            ModelAnswerInvalid: a value breaks its class.
        """
        while match := _COMMAND.search(self._text, self._read):
            self._read = match.end()
            if too_much(self._text[: self._read]):
                return
            with _translated(self.text):
                yield command_from(json.loads(match.group()), self.utterance)

    def answer(self) -> Answer:
        """The answer. What the grammar lets a model write is JSON once it ends, so a text that is
        none was cut off: at one command too many, or at as many tokens as there may be.

        Raises:
            ModelAnswerInvalid: a value breaks its class.
        """
        try:
            written = json.loads(self._text)
        except ValueError:
            return TooMuch()
        with _translated(self.text):
            return answer_from(written, self.utterance)

    def confidence(self) -> float:
        """Probability of the whole text: the product over its choices."""
        return exp(sum(choice.log_probability for choice in self.choices))

    def slot_confidence(self) -> tuple[dict[str, float], ...]:
        """Probability of each field's value, one dict a command: the product over the choices that
        write any of its bytes, up to the next choice."""
        offsets = [choice.offset for choice in self.choices]
        total = [0.0, *accumulate(choice.log_probability for choice in self.choices)]
        commands: list[dict[str, float]] = []
        for match in _FIELD.finditer(self._text):
            name = match.group(1).decode()
            if name == "action":
                commands.append({})
            if commands:
                first = max(bisect_right(offsets, match.start(2) + 1) - 1, 0)
                last = max(bisect_left(offsets, match.end(2)), first)
                commands[-1][name] = exp(total[last] - total[first])
        return tuple(commands)


class _translated:
    """Turns what reading an answer can raise into ModelAnswerInvalid."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ValidationError):
            faults = "; ".join(str(fault["msg"]) for fault in error.errors())
            raise ModelAnswerInvalid(f"the model's plan breaks a rule: {faults}") from error
        if isinstance(error, ValueError):
            raise ModelAnswerInvalid(f"the model wrote no plan: {self._text[:200]!r}") from error
