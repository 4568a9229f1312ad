"""Guesses how an answer goes on, from the utterance: which command is next, which words fill it.

Three small log-linear models over hashed word features: the next tag, where in the utterance a
slot's value starts (or which fixed value it has), and where it ends. They are fitted on pairs of
utterance and plan (``python -m training.draft_fit``) and cost microseconds. The decoder verifies
every guess, so a wrong one costs time and never an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from math import exp, inf
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
_ENDINGS = 12
"""Endings of a value that are tried for one that goes on as it is written."""

TAG_BITS = 15
VALUE_BITS = 17


def _single(number: int) -> Ids:
    """A number of no dimension: numpy joins it to an array in half the time of any other."""
    return np.array(number, np.uint32)


_FIRST_FACTOR, _SECOND_FACTOR, _HALF = _single(0xC2B2AE35), _single(0x27D4EB2F), _single(16)
_SHIFTS = {bits: _single(32 - bits) for bits in (TAG_BITS, VALUE_BITS)}
_TWO_BACK, _PAIR, _USED = _single(31), _single(33), _single(99)
_PATHS = 4096
"""Sequences of tags whose hashes are kept; most plans are of a few hundred."""

_LONGEST = 1024
"""Words an utterance may have for its distances to be looked up; more are counted as they come."""

_WORD = re.compile(r"[\w'\u2019-]+")
_SHAPED = re.compile(r"^persons? | (?:persons?|people)$")
_STRING = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_COMMAND = re.compile(rf'\{{"action":{_STRING}((?:,"[a-z_]+":{_STRING})*)\}}')
_FIELD = re.compile(rf'"([a-z_]+)":{_STRING}')
_CLOSED = re.compile(r'([^"\\]*(?:\\.[^"\\]*)*)"')

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
    return hashed(words ^ keys, bits)


def hashed(product: Ids, bits: int) -> NDArray[np.intp]:
    """Feature numbers of keys that were crossed with words, which are overwritten."""
    product *= _FIRST_FACTOR
    product ^= product >> _HALF
    product *= _SECOND_FACTOR
    product >>= _SHIFTS[bits]
    return product.astype(np.intp)


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
        pairs = padded[:-1] * _PAIR + padded[1:]
        self.pair = pairs[1:-2]
        self.after = pairs[2:-1]
        left, here, none = self.left, self.here, np.zeros(len(self.words), np.uint32)
        first = none.copy()
        first[:1] = 1
        around = (left, padded[:-4] * _TWO_BACK + left, here, self.pair, self.right, self.after)
        apart = (none, none, none, left, left, left, here, first)
        self.rows = np.concatenate((*around, *apart)).reshape(14, -1)
        """What does not change of the rows of ``start_features``."""
        self.tag_rows = np.concatenate((here, here, self.pair, self.pair) * 2).reshape(8, -1)
        """The words that ``tag_features`` crosses with its keys."""
        self._taken: dict[str, tuple[int, int] | None] = {}

    def __len__(self) -> int:
        return len(self.words)

    def slice(self, start: int, end: int) -> str:
        """The words from one index up to another as they were said."""
        return self.text[self.spans[start][0] : self.spans[end - 1][1]]

    def find(self, value: str) -> tuple[int, int] | None:
        """The first range of words that spells the value."""
        wanted = [word.lower() for word in _WORD.findall(value)]
        size = len(wanted)
        if not size:
            return None
        for start, word in enumerate(self.words):
            if word == wanted[0] and self.words[start : start + size] == wanted:
                return start, start + size
        return None

    def take(self, history: History, value: str) -> None:
        """Note in the history which words a value used."""
        if value not in self._taken:
            self._taken[value] = self.find(value) or self.find(_SHAPED.sub("", value))
        span = self._taken[value]
        if span is not None:
            history.used.append(span)


def tag_features(words: Words, history: History) -> NDArray[np.intp]:
    """Feature numbers for the next tag."""
    last, size = history.last, len(words)
    keys, alone, previous = _tag_keys(tuple(history.tags))
    around = alone.copy()
    around[4] = mix(4, previous, int(words.left[last]) if last < size else 3)
    around[5] = mix(5, previous, int(words.after[last]) if last < size else 3)
    said = words.tag_rows ^ keys
    product = np.concatenate((around, said[:4].ravel(), said[4:, last:].ravel()))
    return hashed(product, TAG_BITS)


@lru_cache(_PATHS)
def _tag_keys(tags: tuple[str, ...]) -> tuple[Ids, Ids, int]:
    """The keys of ``tag_features`` that words are crossed with; those alone, of which the last
    two know the utterance; and the hash of the last tag."""
    history = History([*tags])
    previous, path = history.previous, history.path
    two_back = word_id(tags[-2]) if len(tags) > 1 else 1
    whole = (mix(6, previous), mix(7, path))
    rest = (mix(8, previous), mix(9, path))
    keys = [*whole, *_after(whole), *rest, *_after(rest)]
    alone = [mix(0, previous), mix(1, previous, two_back), mix(2, path), mix(3, min(len(tags), 12))]
    return np.array(keys, np.uint32)[:, None], np.array([*alone, 0, 0], np.uint32), previous


def _after(keys: tuple[int, ...]) -> list[int]:
    return [(key + 1) & 0xFFFFFFFF for key in keys]


def start_features(words: Words, history: History, slot: int) -> NDArray[np.intp]:
    """Feature numbers, one column a word, for a value of the slot to start there."""
    rows = words.rows + _distances(len(words), history.last)
    if history.used:
        used = np.zeros(len(words), np.uint32)
        for start, end in history.used:
            used[start:end] = 1
            used[start] = 2
        distance, here = rows[8], rows[12]
        distance += used
        used *= _USED
        here += used
    return cross(_start_keys(tuple(history.tags), slot), rows, VALUE_BITS)


@lru_cache(_PATHS)
def _start_keys(tags: tuple[str, ...], slot: int) -> Ids:
    history = History([*tags])
    more = {7: (history.path,), 9: (history.path,), 10: (history.previous,)}
    keys = [[mix(20 + row, slot, *more.get(row, ()))] for row in range(14)]
    return np.array(keys, np.uint32)


def _steps(first: int, end: int) -> Ids:
    """What distances within bounds add to the rows of ``start_features``."""
    steps = np.clip(np.arange(first, end), -3, 6).astype(np.int64).astype(np.uint32)
    factors = np.zeros((14, 1), np.uint32)
    factors[[6, 7, 8, 11], 0] = 1, 1, 7, 77
    return factors * steps


_STEPS = _steps(-_LONGEST, _LONGEST)


def _distances(size: int, last: int) -> Ids:
    """Of each word, what its distance from one adds to its column."""
    if size > _LONGEST:
        return _steps(-last, size - last)
    return _STEPS[:, _LONGEST - last : _LONGEST - last + size]


def fixed_features(
    words: Words, history: History, slot: int, values: tuple[str, ...]
) -> NDArray[np.intp]:
    """Feature numbers, one row a fixed value, for the slot to hold that value."""
    told = fixed_context(history, slot, values)
    return np.concatenate([told, fixed_words(words, fixed_keys(slot, values))], axis=1)


def fixed_context(history: History, slot: int, values: tuple[str, ...]) -> NDArray[np.intp]:
    """Those of them that the history decides."""
    keys = [mix(40, slot), mix(41, slot, history.previous), mix(42, slot, history.path)]
    return cross(np.array([keys], np.uint32), _names(values) * np.uint32(3), VALUE_BITS)


def fixed_words(words: Words, keys: Ids) -> NDArray[np.intp]:
    """Those of them that the utterance decides."""
    product = np.concatenate((words.here ^ keys[0], words.pair ^ keys[1]), axis=1)
    return hashed(product, VALUE_BITS)


@cache
def fixed_keys(slot: int, values: tuple[str, ...]) -> Ids:
    """What ``fixed_words`` crosses the utterance's words and pairs of words with, a row a value."""
    names = _names(values)
    single, double = np.uint32(mix(43, slot)), np.uint32(mix(44, slot))
    return np.stack((single ^ names * np.uint32(5), double ^ names * np.uint32(7)))


@cache
def _names(values: tuple[str, ...]) -> Ids:
    return np.array([[word_id(value)] for value in values], np.uint32)


def end_features(words: Words, start: int, slot: int) -> NDArray[np.intp]:
    """Feature numbers for a value that starts at a word to end: one column for each length in words
    and shape, all shapes of a length together."""
    at, alike = _endings(min(MAX_WORDS, len(words) - start))
    rows = words.rows[_END_ROWS, at + start]
    rows[6:8] = words.here[start]
    rows[9] = words.left[start]
    rows += alike
    return cross(_end_keys(slot), rows, VALUE_BITS)


_END_ROWS = np.array([[4], [2], [6], [5], [6], [2], [6], [6], [4], [6]])
"""The rows of ``Words.rows`` that ``end_features`` begins with: the word after a value, its last
one, both, or none."""


@cache
def _endings(longest: int) -> tuple[NDArray[np.intp], Ids]:
    """Of each candidate, how far from the first word the last one is, and what is the same for all
    utterances in the rows of ``end_features``."""
    lengths = np.repeat(np.arange(1, longest + 1, dtype=np.uint32), len(SHAPES))
    shapes = np.tile(np.arange(len(SHAPES), dtype=np.uint32), longest)
    alike = np.zeros((10, len(lengths)), np.uint32)
    alike[2], alike[4] = lengths, shapes
    alike[5:10] = shapes * np.uint32(1009)
    alike[7] = lengths * np.uint32(17)
    return lengths.astype(np.intp) - 1, alike


@cache
def _end_keys(slot: int) -> Ids:
    return np.array([[mix(50 + row, slot)] for row in range(10)], np.uint32)


@dataclass(frozen=True, eq=False)
class Weights:
    """A fitted drafter."""

    tags: tuple[str, ...]
    fixed: dict[str, tuple[str, ...]]
    """Values by field that are not words of the utterance."""
    next_tag: Scores
    values: Scores

    @lru_cache(_PATHS)  # noqa: B019  weights live as long as the model
    def told(self, tags: tuple[str, ...], slot: int, fixed: tuple[str, ...]) -> Scores:
        """What the commands so far say for each fixed value."""
        features = fixed_context(History([*tags]), slot, fixed)
        total: Scores = self.values[features].sum(axis=1)
        return total

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


def likeliest(scores: list[float]) -> tuple[int, float]:
    """The index of the highest score, and its probability; 0 where there is none to choose."""
    top = max(scores)
    if top == -inf:
        return 0, 0.0
    return scores.index(top), 1.0 / sum([exp(score - top) for score in scores])


class Draft:
    """Guesses for one utterance; satisfies the decoder's ``Drafter``.

    A guess that has held so far is gone on with; otherwise the command under way is guessed anew.

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
        self._told: list[str] = []
        """What ``_starts`` gives."""
        self._said: dict[str, Scores] = {}
        """What the utterance says for a field's fixed values."""
        self._scores: dict[tuple[object, ...], list[float]] = {}
        """What was computed for earlier guesses: a later one begins with the same commands."""
        self._guessed: list[int] = []
        """The tokens of the last guess, what was written before it included."""

    def tokens(self, written: str, answer: list[int]) -> list[int]:
        """Tokens likely to follow those of the answer so far."""
        known = len(answer)
        if known < len(self._guessed) and self._guessed[:known] == answer:
            return self._guessed[known:]
        if not len(self._words):
            return []
        going_on = self.pieces(written)
        text = written + "".join(piece for piece, _ in going_on)
        tokens = self._tokenize(text)
        if tokens[:known] != answer:
            return []
        size = len(written.encode())
        sure = size + _sure(going_on, self._least)
        for end in range(known, len(tokens)):
            size += len(self._piece(tokens[end]))
            if size > sure:
                del tokens[end:]
                break
        self._guessed = tokens
        return tokens[known:]

    def pieces(self, written: str) -> list[tuple[str, float]]:
        """How the text goes on, in pieces, each with the probability that all so far is right."""
        history, rest = self._history(written)
        stream, found, size = self._stream(history, rest), list[tuple[str, float]](), 0
        if len(written) < len(HEAD):
            found.append((HEAD[len(written) :], 1.0))
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
        openings, barred = _openings(weights.tags, first)
        key = (*history.tags, history.last)
        scores = self._scores.get(key)
        if scores is None:
            total = _total(weights.next_tag, tag_features(self._words, history))
            scores = self._scores[key] = (total + barred).tolist()
        best, chance = likeliest(_agreeing(scores, openings, rest))
        return (weights.tags[best], openings[best], chance) if chance else (None, "", 0.0)

    def _value(self, history: History, name: str, rest: str) -> tuple[str | None, float]:
        """The likeliest value that agrees with what is written of it, and its chance."""
        if closed := _CLOSED.match(rest):
            return closed.group(1), 1.0
        words, slot = self._words, word_id(name)
        fixed = self._weights.fixed.get(name, ())

        key = (*history.tags, *history.used, name)
        scores = self._scores.get(key)
        if scores is None:
            scores = _total(self._weights.values, start_features(words, history, slot)).tolist()
            if fixed:
                scores += self._fixed_scores(history, name, slot, fixed).tolist()
            self._scores[key] = scores
        texts = (*self._starts(), *fixed) if rest else ()
        best, chance = likeliest(_agreeing(scores, texts, rest))
        if not chance:
            return None, 0.0
        if best >= len(words):
            return fixed[best - len(words)], chance
        value, ending = self._ending(best, slot, rest)
        return value, chance * ending

    def _fixed_scores(
        self, history: History, name: str, slot: int, fixed: tuple[str, ...]
    ) -> Scores:
        weights, said = self._weights, self._said.get(name)
        if said is None:
            features = fixed_words(self._words, fixed_keys(slot, fixed))
            said = self._said[name] = np.add.reduce(weights.values.take(features), axis=1)
        return said + weights.told(tuple(history.tags), slot, fixed)

    def _starts(self) -> list[str]:
        """From each word on, the text as far as a value may go."""
        words = self._words
        if not self._told:
            self._told = [words.slice(i, min(len(words), i + MAX_WORDS)) for i in range(len(words))]
        return self._told

    def _ending(self, start: int, slot: int, rest: str) -> tuple[str | None, float]:
        scores = self._scores.get((start, slot))
        if scores is None:
            features = end_features(self._words, start, slot)
            scores = self._scores[start, slot] = _total(self._weights.values, features).tolist()
        for _ in range(min(_ENDINGS, len(scores))):
            best, chance = likeliest(scores)
            length, shape = divmod(best, len(SHAPES))
            value = SHAPES[shape].format(self._words.slice(start, start + length + 1))
            if value.startswith(rest):
                return value, chance
            scores = [*scores[:best], -inf, *scores[best + 1 :]]
        return None, 0.0


def _total(table: Scores, features: NDArray[np.intp]) -> Scores:
    """The sums of the features' weights, down the rows."""
    total: Scores = np.add.reduce(table.take(features, axis=0))
    return total


def _agreeing(scores: list[float], texts: Sequence[str], rest: str) -> list[float]:
    """The scores of the texts that start with the other or that it starts with; no other counts."""
    if not rest:
        return scores
    return [
        score if text.startswith(rest) or rest.startswith(text) else -inf
        for score, text in zip(scores, texts, strict=True)
    ]


@cache
def _openings(tags: tuple[str, ...], first: bool) -> tuple[tuple[str, ...], Scores]:
    """Every tag's text, and what bars the tags that may not stand first, or later."""
    barred = [tag == END if first else tag.startswith(DECLINE) for tag in tags]
    bias = np.where(barred, -np.inf, 0.0).astype(np.float32)
    return tuple(_opening(tag, first=first) for tag in tags), bias


def _opening(tag: str, *, first: bool) -> str:
    if tag == END:
        return "]}"
    if tag.startswith(DECLINE):
        return f'],"reason":"{tag[len(DECLINE) :]}"'
    return ("" if first else ",") + f'{{"action":"{tag}"'


def _sure(pieces: list[tuple[str, float]], least: float) -> int:
    """Bytes of the pieces that are likely enough."""
    return sum(len(text.encode()) for text, sure in pieces if sure >= least)
