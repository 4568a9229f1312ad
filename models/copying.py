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

_LETTER = rb"[\w\x80-\xff]"
_LETTERS = frozenset(byte for byte in range(256) if re.match(_LETTER, bytes([byte])))
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

    def places(self, value: bytes) -> Iterator[int]:
        """Where words begin that the value spells, the last perhaps in part."""
        at = self._said.find(value)
        while 0 <= at < len(self._said):
            before = self._said[at - 1] if at else 0
            if self._said[at] in _LETTERS and before not in _LETTERS:
                yield at
            at = self._said.find(value, at + 1)

    def spells(self, value: bytes) -> bool:
        """Whether words begin so."""
        return next(self.places(value), -1) >= 0

    def may_end(self, value: bytes) -> bool:
        """Whether the value is whole words."""
        return any(_END.match(self._said, at + len(value)) for at in self.places(value))

    def rests(self, value: bytes) -> set[bytes]:
        """The texts after the value, as they were written."""
        return {self._written[at + len(value) :] for at in self.places(value)}


def _opened(text: bytes | bytearray) -> tuple[tuple[bytes, ...], bytes] | None:
    """The literals of the verbatim field whose value is being written, and its beginning."""
    quote = text.rfind(_QUOTE)
    if text[quote - 2 : quote] != b'":':
        return None
    name = text[text.rfind(_QUOTE, 0, quote - 2) + 1 : quote - 2]
    value = bytes(text[quote + 1 :]).lower()
    literals = VERBATIM.get(bytes(name))
    return None if literals is None or b"\\" in value else (literals, value)


class Copying:
    """What one utterance lets values be made of. How its words are spaced does not count."""

    def __init__(self, pieces: Pieces, utterance: str) -> None:
        self._pieces = pieces
        said = b" ".join(utterance.encode().split())
        self._texts = [_Words(said)]
        for match in _PLURAL.finditer(said):
            before = said[max(match.start() - _BEFORE, 0) : match.start()]
            self._texts += [_Words(before + s) for s in _SINGULARS[match[1].lower()]]

    def instead(
        self, text: bytes | bytearray, token: int, logits: Logits, allowed: Allowing
    ) -> tuple[int, float] | None:
        """The likeliest token by which a value goes on in words of the utterance, and its
        probability among those, where the grammar's choice after an answer's text does not."""
        opened = _opened(text)
        if opened is None:
            return None
        literals, value = opened
        if self._goes_on(value, self._pieces.piece(token), literals):
            return None
        options = [t for t in self._options(value, literals) if t in allowed]
        if not options:
            return None
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
        for text in self._texts:
            if text.spells(grown):
                return True
        return any(literal.startswith(grown) for literal in literals)

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
