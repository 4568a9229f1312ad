"""Phrases to fit the judgement of meaning on, each with its neighbours by meaning.

Four sources: the development half of the labelled phrases, where words and spelling fail; the
default arena's aliases, asked of the arena without them; synonyms of the thesaurus, asked as if it
did not know them, which stand for those it does not know; other things, which must stay unknown.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.heard_samples import (
    MADE_ARENAS,
    OTHERS,
    SEED,
    arena_of,
    composed,
    made_arena,
    nameable,
)
from benchmarks.phrase_sets import ARENAS, read
from knowledge_base.embedder import Embedder
from knowledge_base.encoder import Vectors
from knowledge_base.entry import Entry
from knowledge_base.evidence import by_spelling, by_words
from knowledge_base.index import Index
from knowledge_base.meant import features
from knowledge_base.thesaurus import Thesaurus, thesaurus

NEIGHBOURS = 3
HEARD = 0.5
"""Probability of a misspelling or mishearing above which meaning is not asked."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a judgement sees of a phrase beside an entry that it may mean."""

    phrase: str
    features: Mapping[str, float]
    right: bool
    source: str


def meant_samples(embedder: Embedder) -> list[Pair]:
    """Every phrase that words and spelling do not decide, with its neighbours."""
    rng = random.Random(SEED)
    found: list[Pair] = []
    asker = _Asker(embedder)
    for name in ARENAS:
        arena = arena_of(name)
        for case in read(name, arena["thing"][1].entries):
            if not case.held_out and case.slot != "person":
                ids = case.expected.ids
                found += asker.ask(case.phrase, arena[case.slot], ids, "labelled")
    bare = arena_of("default", aliases=False)
    for slot, indexes in arena_of("default").items():
        for entry in (e for i in indexes for e in i.entries.values() if slot != "person"):
            for alias in entry.aliases:
                found += asker.ask(alias, bare[slot], frozenset({entry.id}), "alias")
    for arena in (bare, *(made_arena(rng) for _ in range(MADE_ARENAS))):
        for slot, indexes in arena.items():
            if slot != "person":
                found += _synonyms(asker, indexes)
                found += _others(asker, indexes, rng)
    return found


@dataclass(slots=True)
class _Asker:
    embedder: Embedder

    def ask(
        self,
        phrase: str,
        indexes: Sequence[Index],
        ids: frozenset[str],
        source: str,
        known: Thesaurus | None = None,
    ) -> Iterator[Pair]:
        if known is None and by_words(phrase, indexes):
            return
        heard = by_spelling(phrase, indexes)
        if heard and heard[0].score >= HEARD:
            return
        entries, cosines = self._neighbours(phrase, indexes)
        for at, entry in enumerate(entries):
            other = max((c for i, c in enumerate(cosines) if i != at), default=0.0)
            told = features(phrase, entry, cosines[at], cosines[at] - other, known)
            yield Pair(phrase, told, entry.id in ids, source)

    def _neighbours(self, phrase: str, indexes: Sequence[Index]) -> tuple[list[Entry], list[float]]:
        entries = [entry for index in indexes for entry in index.entries.values()]
        vectors: Vectors = self.embedder.encode([entry.name for entry in entries])
        cosines = vectors @ self.embedder.encode([phrase])[0]
        best = np.argsort(-cosines)[:NEIGHBOURS]
        return [entries[i] for i in best], [float(cosines[i]) for i in best]


def _synonyms(asker: _Asker, indexes: Sequence[Index]) -> Iterator[Pair]:
    known = thesaurus()
    for entry in (e for index in indexes for e in index.entries.values()):
        for other in known.synonyms(entry.name)[:2]:
            hidden = {word: sense for word, sense in known.sense.items() if word != other}
            blind = Thesaurus(known.words, known.above, hidden, known.things)
            yield from asker.ask(other, indexes, frozenset({entry.id}), "synonym", blind)


def _others(asker: _Asker, indexes: Sequence[Index], rng: random.Random) -> Iterator[Pair]:
    known = thesaurus()
    others = rng.sample(nameable(), OTHERS // 2)
    for text in (*others, *composed(indexes, others, rng)):
        yield from asker.ask(text, indexes, frozenset(), "other")
        if rng.random() < 0.3:  # words that no thesaurus has name other things as well
            hidden = {word: sense for word, sense in known.sense.items() if word != text}
            blind = Thesaurus(known.words, known.above, hidden, known.things)
            yield from asker.ask(text, indexes, frozenset(), "other", blind)
