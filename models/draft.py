"""Guesses how an answer goes on, from the utterance: which command is next, which words fill it.

Three small log-linear models over hashed word features: the next tag, where in the utterance a
slot's value starts (or which fixed value it has), and where it ends. They are fitted on pairs of
utterance and plan (``python -m models.draft_fit``) and cost microseconds. The decoder verifies
every guess, so a wrong one costs time and never an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from schemas.commands import COMMANDS
from schemas.plan import MAX_COMMANDS, DeclineReason

Ids = NDArray[np.uint32]
Scores = NDArray[np.float32]

DRAFT = Path(__file__).with_name("draft.npz")
"""The fitted weights."""

END = ""
"""The tag of no further command."""

SHAPES = ("{}", "{} person", "{} persons", "{} people", "person {}", "persons {}")
"""How a value is made of words of the utterance."""

MAX_WORDS = 8
TAG_BITS = 15
VALUE_BITS = 17

_WORD = re.compile(r"[\w'\u2019-]+")
_STRING = r'"((?:[^"\\]|\\.)*)"'
_COMMAND = re.compile(rf'\{{"action":{_STRING}((?:,"[a-z_]+":{_STRING})*)\}}')
_FIELD = re.compile(rf'"([a-z_]+)":{_STRING}')
_CLOSED = re.compile(r'((?:[^"\\]|\\.)*)"')

HEAD = '{"commands":['

DECLINE = "!"
"""Starts the tags that stand for reasons to decline."""

FIELDS: dict[str, tuple[str, ...]] = {
    c.tag(): tuple(f for f, slot in c.slots().items() if slot.generated) for c in COMMANDS
} | {DECLINE + reason: ("verb",) for reason in DeclineReason}
"""The fields a model writes, by tag."""


def word_id(text: str) -> int:
    """A word's hash."""
    return crc32(text.encode())


def mix(*parts: int) -> int:
    """A hash of small numbers and hashes, 32 bits."""
    value = 0x9E3779B1
    for part in parts:
        value = ((value ^ part) * 0x85EBCA6B + 0x27D4EB2F) & 0xFFFFFFFF
        value ^= value >> 15
    return value


def cross(keys: Ids, words: Ids, bits: int) -> NDArray[np.intp]:
    """Feature numbers of every key with every word id in its row."""
    product = (words ^ keys) * np.uint32(0xC2B2AE35)
    product ^= product >> np.uint32(16)
    product *= np.uint32(0x27D4EB2F)
    return (product >> np.uint32(32 - bits)).astype(np.intp)


@dataclass(slots=True)
class History:
    """What the answer holds already, as far as the guess cares."""

    tags: list[str] = field(default_factory=list)
    used: list[tuple[int, int]] = field(default_factory=list)
    """Word ranges of the utterance that fill slots already."""

    @property
    def last(self) -> int:
        """The word after the latest used range."""
        return self.used[-1][1] if self.used else 0

    @property
    def previous(self) -> int:
        """Hash of the last tag."""
        return word_id(self.tags[-1]) if self.tags else 1

    @property
    def path(self) -> int:
        """Hash of all tags."""
        return word_id(" ".join(self.tags))


class Words:
    """An utterance's words, and their hashes as the features want them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans = [match.span() for match in _WORD.finditer(text)]
        self.words = [text[a:b].lower() for a, b in self.spans]
        padded = np.array([2, 2, *map(word_id, self.words), 3, 3], np.uint32)
        self.here = padded[2:-2]
        self.left = padded[1:-3]
        self.right = padded[3:-1]
        self.left_two = padded[:-4] * np.uint32(31) + self.left
        self.pair = self.left * np.uint32(33) + self.here
        self.after = self.here * np.uint32(33) + self.right

    def __len__(self) -> int:
        return len(self.words)

    def slice(self, start: int, end: int) -> str:
        """The words from one index up to another as they were said."""
        return self.text[self.spans[start][0] : self.spans[end - 1][1]]

    def find(self, value: str) -> tuple[int, int] | None:
        """The first range of words that spells the value."""
        wanted = [match.group().lower() for match in _WORD.finditer(value)]
        size = len(wanted)
        if not size:
            return None
        for start in range(len(self.words) - size + 1):
            if self.words[start : start + size] == wanted:
                return start, start + size
        return None

    def take(self, history: History, value: str) -> None:
        """Note in the history which words a value used."""
        bare = re.sub(r"^persons? | (?:persons?|people)$", "", value)
        span = self.find(value) or self.find(bare)
        if span is not None:
            history.used.append(span)


def tag_features(words: Words, history: History) -> NDArray[np.intp]:
    """Feature numbers for the next tag."""
    previous, path, last = history.previous, history.path, history.last
    two_back = word_id(history.tags[-2]) if len(history.tags) > 1 else 1
    context = np.array(
        [
            mix(0, previous),
            mix(1, previous, two_back),
            mix(2, path),
            mix(3, min(len(history.tags), 12)),
            mix(4, previous, int(words.left[last]) if last < len(words) else 3),
            mix(5, previous, int(words.after[last]) if last < len(words) else 3),
        ],
        np.uint32,
    )
    whole = np.array([[mix(6, previous)], [mix(7, path)]], np.uint32)
    rest = np.array([[mix(8, previous)], [mix(9, path)]], np.uint32)
    zero = np.uint32(0)
    return np.concatenate(
        [
            cross(context, np.full(len(context), zero, np.uint32), TAG_BITS),
            cross(whole, words.here[None], TAG_BITS).ravel(),
            cross(whole + np.uint32(1), words.pair[None], TAG_BITS).ravel(),
            cross(rest, words.here[None, last:], TAG_BITS).ravel(),
            cross(rest + np.uint32(1), words.pair[None, last:], TAG_BITS).ravel(),
        ]
    )


def start_features(words: Words, history: History, slot: int) -> NDArray[np.intp]:
    """Feature numbers, one column a word, for a value of the slot to start there."""
    size, last, path, previous = len(words), history.last, history.path, history.previous
    distance = np.clip(np.arange(size) - last, -3, 6).astype(np.int64).astype(np.uint32)
    used = np.zeros(size, np.uint32)
    for start, end in history.used:
        used[start:end] = 1
        used[start] = 2
    first = np.zeros(size, np.uint32)
    first[:1] = 1
    rows = np.stack(
        [
            words.left,
            words.left_two,
            words.here,
            words.pair,
            words.right,
            words.after,
            distance,
            distance,
            distance * np.uint32(7) + used,
            words.left,
            words.left,
            words.left + distance * np.uint32(77),
            words.here + used * np.uint32(99),
            first,
        ]
    )
    keys = np.array(
        [mix(20 + row, slot) for row in range(7)]
        + [mix(27, slot, path), mix(28, slot), mix(29, slot, path), mix(30, slot, previous)]
        + [mix(31, slot), mix(32, slot), mix(33, slot)],
        np.uint32,
    )[:, None]
    return cross(keys, rows, VALUE_BITS)


def fixed_features(
    words: Words, history: History, slot: int, values: tuple[str, ...]
) -> NDArray[np.intp]:
    """Feature numbers, one row a fixed value, for the slot to hold that value."""
    names = np.array([[word_id(value)] for value in values], np.uint32)
    context = np.array(
        [[mix(40, slot), mix(41, slot, history.previous), mix(42, slot, history.path)]], np.uint32
    )
    single, double = np.uint32(mix(43, slot)), np.uint32(mix(44, slot))
    return np.concatenate(
        [
            cross(context, names * np.uint32(3), VALUE_BITS),
            cross(words.here[None] ^ single, names * np.uint32(5), VALUE_BITS),
            cross(words.pair[None] ^ double, names * np.uint32(7), VALUE_BITS),
        ],
        axis=1,
    )


def end_candidates(words: Words, start: int) -> tuple[Ids, Ids]:
    """Lengths in words, and numbers of shapes, of the values that start at a word."""
    lengths = np.arange(1, min(MAX_WORDS, len(words) - start) + 1, dtype=np.uint32)
    return np.repeat(lengths, len(SHAPES)), np.tile(
        np.arange(len(SHAPES), dtype=np.uint32), len(lengths)
    )


def end_features(
    words: Words, start: int, slot: int, lengths: Ids, shapes: Ids
) -> NDArray[np.intp]:
    """Feature numbers, one column a candidate, for a value to end so."""
    final = words.here[start + lengths.astype(np.intp) - 1]
    following = words.right[start + lengths.astype(np.intp) - 1]
    shaped = shapes * np.uint32(1009)
    rows = np.stack(
        [
            following,
            final,
            lengths,
            words.after[start + lengths.astype(np.intp) - 1],
            shapes,
            final + shaped,
            np.full(len(lengths), words.here[start], np.uint32) + shaped,
            np.full(len(lengths), words.here[start], np.uint32) + lengths * np.uint32(17),
            following + shaped,
            np.full(len(lengths), words.left[start], np.uint32) + shaped,
        ]
    )
    keys = np.array([[mix(50 + row, slot)] for row in range(len(rows))], np.uint32)
    return cross(keys, rows, VALUE_BITS)


@dataclass(frozen=True, slots=True)
class Weights:
    """A fitted drafter."""

    tags: tuple[str, ...]
    fixed: dict[str, tuple[str, ...]]
    """Values by field that are not words of the utterance."""
    next_tag: Scores
    values: Scores

    @classmethod
    def load(cls, path: Path) -> Weights:
        """Read a file ``draft_fit`` wrote.

        Raises:
            OSError, ValueError, KeyError: it is none.
        """
        with np.load(path, allow_pickle=False) as file:
            names = json.loads(str(file["names"]))
            return cls(
                tags=tuple(names["tags"]),
                fixed={f: tuple(values) for f, values in names["fixed"].items()},
                next_tag=file["next_tag"].astype(np.float32),
                values=file["values"].astype(np.float32),
            )

    def save(self, path: Path) -> None:
        """Write the file ``load`` reads."""
        names = json.dumps({"tags": self.tags, "fixed": self.fixed})
        np.savez_compressed(
            path,
            names=np.array(names),
            next_tag=self.next_tag.astype(np.float16),
            values=self.values.astype(np.float16),
        )


def softmax(scores: Scores) -> Scores:
    """Probabilities of scores."""
    odds: Scores = np.exp(scores - scores.max())
    odds /= odds.sum()
    return odds


class Draft:
    """Guesses for one utterance; satisfies the decoder's ``Drafter``.

    Args:
        tokenize: text to the model's tokens.
        piece: token to its bytes.
        least: probability under which a guess is not worth its evaluation.
    """

    def __init__(
        self,
        weights: Weights,
        utterance: str,
        *,
        tokenize: Callable[[str], list[int]],
        piece: Callable[[int], bytes],
        least: float,
    ) -> None:
        self._weights = weights
        self._words = Words(utterance)
        self._tokenize = tokenize
        self._piece = piece
        self._least = least

    def tokens(self, written: str, answer: list[int]) -> list[int]:
        """Tokens likely to follow those of the answer so far."""
        if not len(self._words):
            return []
        going_on = self.pieces(written)
        text = written + "".join(piece for piece, _ in going_on)
        sure = len(written.encode()) + _sure(going_on, self._least)
        tokens = self._tokenize(text)
        if tokens[: len(answer)] != answer:
            return []
        size, guessed = len(written.encode()), list[int]()
        for token in tokens[len(answer) :]:
            size += len(self._piece(token))
            if size > sure:
                break
            guessed.append(token)
        return guessed

    def pieces(self, written: str) -> list[tuple[str, float]]:
        """How the text goes on, in pieces, each with the probability that all so far is right."""
        history, rest = self._history(written)
        stream, found, size = self._stream(history, rest), list[tuple[str, float]](), 0
        for text, sure in stream:
            new = text[max(len(rest) - size, 0) :]
            size += len(text)
            if new:
                found.append((new, sure))
            if sure < self._least:
                break
        return found

    def _history(self, written: str) -> tuple[History, str]:
        """The whole commands of the text, and the text after them."""
        history, position = History(), len(HEAD)
        for match in _COMMAND.finditer(written, position):
            position = match.end()
            history.tags.append(match.group(1))
            for field_match in _FIELD.finditer(match.group(2)):
                self._words.take(history, field_match.group(2))
        return history, written[position:]

    def _stream(self, history: History, rest: str) -> Iterator[tuple[str, float]]:
        """Text from the start of the unfinished command on; agrees with ``rest``."""
        done, sure = "", 1.0
        while len(history.tags) < MAX_COMMANDS:
            tag, text, chance = self._next_tag(history, rest[len(done) :])
            if tag is None:
                return
            sure *= chance
            done += text
            yield text, sure
            if tag == END:
                return
            history.tags.append(tag)
            for name in FIELDS[tag]:
                key = f',"{name}":"'
                value, chance = self._value(history, name, rest[len(done + key) :])
                if value is None:
                    yield key, sure
                    return
                sure *= chance
                text = f'{key}{value}"'
                done += text
                yield text, sure
                self._words.take(history, value)
            done += "}"
            yield "}", sure
            if tag.startswith(DECLINE):
                return

    def _next_tag(self, history: History, rest: str) -> tuple[str | None, str, float]:
        """The likeliest tag that agrees with what is written of it, its text, its chance."""
        weights, first = self._weights, not history.tags
        openings, possible = _openings(weights.tags, first)
        scores = weights.next_tag[tag_features(self._words, history)].sum(axis=0)
        chances = softmax(scores) * possible
        if rest:
            chances *= np.array([agree(text, rest) for text in openings], np.float32)
        total, best = float(chances.sum()), int(chances.argmax())
        if total <= 0.0:
            return None, "", 0.0
        return weights.tags[best], openings[best], float(chances[best]) / total

    def _value(self, history: History, name: str, rest: str) -> tuple[str | None, float]:
        """The likeliest value that agrees with what is written of it, and its chance."""
        if closed := _CLOSED.match(rest):
            return closed.group(1), 1.0
        words, slot = self._words, word_id(name)
        fixed = self._weights.fixed.get(name, ())
        table = self._weights.values
        scores = [table[start_features(words, history, slot)].sum(axis=0)]
        if fixed:
            scores.append(table[fixed_features(words, history, slot, fixed)].sum(axis=1))
        chances = softmax(np.concatenate(scores))
        if rest:
            allowed = [agree(w, rest) for w in self._starts()] + [agree(v, rest) for v in fixed]
            chances *= np.array(allowed, np.float32)
        total, best = float(chances.sum()), int(chances.argmax())
        if total <= 0.0:
            return None, 0.0
        chance = float(chances[best]) / total
        if best >= len(words):
            return fixed[best - len(words)], chance
        value, ending = self._ending(best, slot, rest)
        return value, chance * ending

    def _starts(self) -> list[str]:
        """From each word on, the text as far as a value may go."""
        words = self._words
        return [words.slice(i, min(len(words), i + MAX_WORDS)) for i in range(len(words))]

    def _ending(self, start: int, slot: int, rest: str) -> tuple[str | None, float]:
        lengths, shapes = end_candidates(self._words, start)
        scores = self._weights.values[end_features(self._words, start, slot, lengths, shapes)].sum(
            axis=0
        )
        chances = softmax(scores)
        total = 0.0
        for index in np.argsort(-chances)[:12].tolist():
            words = self._words.slice(start, start + int(lengths[index]))
            value = SHAPES[int(shapes[index])].format(words)
            if value.startswith(rest):
                return value, float(chances[index]) / (1.0 - total)
            total += float(chances[index])
        return None, 0.0


def agree(text: str, rest: str) -> bool:
    """Whether one of the two starts with the other."""
    return text.startswith(rest) or rest.startswith(text)


@cache
def _openings(tags: tuple[str, ...], first: bool) -> tuple[tuple[str, ...], Scores]:
    """Every tag's text, and 1 for the tags that may stand first, or later."""
    possible = [not tag.startswith(DECLINE) if not first else tag != END for tag in tags]
    return tuple(_opening(tag, first=first) for tag in tags), np.array(possible, np.float32)


def _opening(tag: str, *, first: bool) -> str:
    if tag == END:
        return "]}"
    if tag.startswith(DECLINE):
        return f'],"reason":"{tag[len(DECLINE) :]}"'
    return ("" if first else ",") + f'{{"action":"{tag}"'


def _sure(pieces: list[tuple[str, float]], least: float) -> int:
    """Bytes of the pieces that are likely enough."""
    return sum(len(text.encode()) for text, sure in pieces if sure >= least)
