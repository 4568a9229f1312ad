"""The usual ways to tie words to entries, for comparison: nearest neighbour, fuzzy matching.

Both see names, plurals and aliases of the slot's collections, as our own grounding does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rapidfuzz import fuzz, process, utils

from benchmarks.phrase_sets import COLLECTIONS, Decision, Labelled
from knowledge_base import Entry, KnowledgeBase
from knowledge_base.embedder import Embedder
from schemas.grounding import EntityKind, Status

FUZZY_CUTOFF = 80
"""The customary cutoff of rapidfuzz's WRatio."""

UNKNOWN = Decision(Status.UNKNOWN, frozenset())


class _Forms:
    """Every way to say an entry, by slot."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self.of: dict[str, list[tuple[str, Entry]]] = {
            slot: [(form, e) for name in names for e in knowledge.entries(name) for form in _all(e)]
            for slot, names in COLLECTIONS.items()
        }


class Nearest:
    """The entry whose form has the most similar embedding.

    Args:
        knowledge: whose entries are searched.
        embedder: the one our own grounding uses.
        fitted_on: phrases whose development half sets the least similarity that is accepted;
            none: the nearest is always accepted.
    """

    def __init__(
        self, knowledge: KnowledgeBase, embedder: Embedder, fitted_on: Sequence[Labelled] = ()
    ) -> None:
        self._embedder = embedder
        self._forms = _Forms(knowledge).of
        self._vectors = {
            slot: self._embedder.encode([form for form, _ in forms])
            for slot, forms in self._forms.items()
            if forms
        }
        self._threshold = -1.0
        development = [case for case in fitted_on if not case.held_out]
        if development:
            self._threshold = self._fitted(development)

    def decide(self, slot: str, phrase: str) -> Decision:
        """What the nearest neighbour says."""
        entry, similarity = self._nearest(slot, phrase)
        return _accepted(entry) if similarity >= self._threshold else UNKNOWN

    def _nearest(self, slot: str, phrase: str) -> tuple[Entry, float]:
        similarities = self._vectors[slot] @ self._embedder.encode([phrase])[0]
        best = int(np.argmax(similarities))
        return self._forms[slot][best][1], float(similarities[best])

    def _fitted(self, cases: Sequence[Labelled]) -> float:
        scored = []
        for case in cases:
            entry, similarity = self._nearest(case.slot, case.phrase)
            scored.append((similarity, case.right(_accepted(entry)), case.right(UNKNOWN)))
        thresholds = [similarity for similarity, _, _ in scored]
        return max(
            thresholds,
            key=lambda t: sum(accepted if s >= t else rejected for s, accepted, rejected in scored),
        )


class Fuzzy:
    """The entry whose form has the highest WRatio, if that reaches the cutoff."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._forms = _Forms(knowledge).of

    def decide(self, slot: str, phrase: str) -> Decision:
        """What fuzzy matching says."""
        forms = self._forms[slot]
        found = process.extractOne(
            phrase,
            [form for form, _ in forms],
            scorer=fuzz.WRatio,
            processor=utils.default_process,
            score_cutoff=FUZZY_CUTOFF,
        )
        return UNKNOWN if found is None else _accepted(forms[found[2]][1])


def _accepted(entry: Entry) -> Decision:
    status = Status.CATEGORY if entry.kind is EntityKind.CATEGORY else Status.KNOWN
    return Decision(status, frozenset({entry.id}))


def _all(entry: Entry) -> list[str]:
    return [entry.name, *([entry.plural] if entry.plural else []), *entry.aliases]
