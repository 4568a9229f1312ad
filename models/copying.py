"""Places, things and names are made of the words that were said.

A small model that has never seen a word may write one it knows: "haunt" for "haunch". What it
prefers is looked at first; only where no words of the utterance go on so, the tokens that do are
gathered, and the likeliest of them is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np

from models.context import Logits
from schemas.commands import COMMANDS

VERBATIM: dict[bytes, tuple[bytes, ...]] = {
    name.encode(): tuple(literal.encode() for literal in slot.literals)
    for command in COMMANDS
    for name, slot in command.slots().items()
    if slot.verbatim
}
"""The fields it holds for, and the values they may have beside words of the utterance."""

_OPEN = re.compile(rb'"(%b)":"([^"\\]*)$' % b"|".join(VERBATIM))
_LETTER = rb"[\w\x80-\xff]"
_WORD = re.compile(rb"(?<!%b)%b" % (_LETTER, _LETTER))
_END = re.compile(rb"(?<=%b)(?=(?:e?s)?(?!%b))" % (_LETTER, _LETTER), re.IGNORECASE)
"""Where a word ends, or would without a plural's or a possessive's s."""

_PLURAL = re.compile(rb"(ie|ve)s(?!%b)" % _LETTER, re.IGNORECASE)
_SINGULARS = {b"ie": (b"y",), b"ve": (b"f", b"fe")}
"""Endings whose letters change with the number: supplies and supply, knives and knife."""

_BEFORE = 60
"""Bytes before such an ending that a value may begin in: no value is longer."""

_QUOTE = b'"'


class Allowing(Protocol):
    """What the grammar allows at a point of an answer."""

    def __contains__(self, token: int) -> bool: ...

    def choose(self, logits: Logits) -> tuple[int, float]:
        """The likeliest allowed token, and its probability among them."""


class Pieces:
    """A vocabulary's tokens by the text they write.

    Args:
        size: tokens of the vocabulary.
        piece: a token's bytes.
    """

    def __init__(self, size: int, piece: Callable[[int], bytes]) -> None:
        self.piece = piece
        self.by_text: dict[bytes, int] = {}
        self.closing: list[int] = []
        """Tokens that end a value."""
        for token in range(size):
            text = piece(token)
            if text.startswith(_QUOTE):
                self.closing.append(token)
            elif text:
                self.by_text[text] = token
        self.longest = max(map(len, self.by_text), default=0)


class _Words:
    """A text that values may be taken from. Case does not count."""

    def __init__(self, written: bytes) -> None:
        self._written, self._said = written, written.lower()
        self._starts = frozenset(match.start() for match in _WORD.finditer(self._said))
        self._ends = frozenset(match.start() for match in _END.finditer(self._said))

    def places(self, value: bytes) -> Iterator[int]:
        """Where words begin that the value spells, the last perhaps in part."""
        at = self._said.find(value)
        while at >= 0:
            if at in self._starts:
                yield at
            at = self._said.find(value, at + 1)

    def may_end(self, value: bytes) -> bool:
        """Whether the value is whole words."""
        return any(at + len(value) in self._ends for at in self.places(value))

    def rests(self, value: bytes) -> set[bytes]:
        """The texts after the value, as they were written."""
        return {self._written[at + len(value) :] for at in self.places(value)}


class Copying:
    """What one utterance lets values be made of. How its words are spaced does not count."""

    def __init__(self, pieces: Pieces, utterance: str) -> None:
        self._pieces = pieces
        said = b" ".join(utterance.encode().split())
        self._texts = [_Words(said)]
        for match in _PLURAL.finditer(said):
            before = said[max(match.start() - _BEFORE, 0) : match.start()]
            self._texts += [_Words(before + s) for s in _SINGULARS[match[1].lower()]]

    def choose(self, text: bytes, logits: Logits, allowed: Allowing) -> tuple[int, float]:
        """The likeliest token that the grammar and the utterance allow after an answer's text,
        and its probability among those that were asked of."""
        token, probability = allowed.choose(logits)
        opened = _OPEN.search(text, max(text.rfind(b'":"') - 40, 0))
        if opened is None:
            return token, probability
        literals, value = VERBATIM[opened[1]], opened[2].lower()
        if self._goes_on(value, self._pieces.piece(token), literals):
            return token, probability
        options = [t for t in self._options(value, literals) if t in allowed]
        if not options:
            return token, probability
        scores = logits[options]
        best = int(scores.argmax())
        return options[best], float(1.0 / np.exp(scores - scores[best]).sum())

    def _goes_on(self, value: bytes, piece: bytes, literals: Iterable[bytes]) -> bool:
        head, closed, _ = piece.lower().partition(_QUOTE)
        grown = value + head
        if b"\\" in grown:
            return True
        if closed:
            return self._may_end(grown, literals)
        more = any(literal.startswith(grown) for literal in literals)
        return more or any(next(text.places(grown), -1) >= 0 for text in self._texts)

    def _may_end(self, value: bytes, literals: Iterable[bytes]) -> bool:
        return value in literals or any(text.may_end(value) for text in self._texts)

    def _options(self, value: bytes, literals: Iterable[bytes]) -> list[int]:
        """The tokens by which the value may go on or end, spelled as the speaker's words are."""
        rests = {literal[len(value) :] for literal in literals if literal.startswith(value)}
        rests = rests.union(*(text.rests(value) for text in self._texts))
        longest, by_text = self._pieces.longest, self._pieces.by_text
        texts = {rest[:end] for rest in rests for end in range(1, min(len(rest), longest) + 1)}
        found = [by_text[text] for text in texts if text in by_text]
        ends = self._pieces.closing if self._may_end(value, literals) else ()
        return sorted([*found, *ends])
