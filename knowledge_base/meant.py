"""Whether some words mean an entry though they share no name with it: features, one judgement.

Cosine similarity of sentence vectors alone takes a lime for a lemon. What the thesaurus knows of
the words is the other half: a word with a meaning of its own is seldom another's. The weights are
fitted by ``benchmarks.grounding_fit``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from knowledge_base.entry import Entry
from knowledge_base.lexicon import is_word
from knowledge_base.thesaurus import Thesaurus, thesaurus
from knowledge_base.words import tokens
from schemas.grounding import EntityKind

WEIGHTS = Path(__file__).parent / "data" / "meant.json"

_NEAR_KIND = 2
"""Steps up within which a word is of the entry's kind."""


def probability(phrase: str, entry: Entry, cosine: float, lead: float) -> float:
    """How likely the phrase means the entry.

    Args:
        phrase: the speaker's words.
        entry: a neighbour by meaning.
        cosine: similarity of its vector to the phrase's.
        lead: how much nearer it is than the best other neighbour; may be negative.
    """
    weights = _weights()
    found = features(phrase, entry, cosine, lead)
    logit = weights["bias"] + sum(weights[name] * value for name, value in found.items())
    return 1 / (1 + math.exp(-logit))


def features(
    phrase: str, entry: Entry, cosine: float, lead: float, known: Thesaurus | None = None
) -> dict[str, float]:
    """What tells; ``known`` is the thesaurus to ask, the bundled one unless told otherwise."""
    known = known if known is not None else thesaurus()
    words, name = tokens(phrase), tokens(entry.name)
    forms = [set(tokens(form)) for form in (entry.name, *entry.aliases)]
    ours = known.kinds(" ".join(words)) or known.kinds(words[-1])
    theirs = known.kinds(" ".join(name)) or known.kinds(name[-1])
    sense = next(iter(ours), None)
    target = next(iter(theirs), None)
    of_kind = target is not None and 0 < ours.get(target, 99) <= _NEAR_KIND
    above = sense is not None and 0 < theirs.get(sense, 99) <= _NEAR_KIND
    numbers = {word for word in words if word.isdigit()}
    return {
        "cosine": cosine,
        "lead": lead,
        "a meaning of its own": float(sense is not None and not of_kind and not above),
        "of its kind": float(of_kind),
        "its kind": float(above),
        "no such word": float(not all(is_word(word) or word.isdigit() for word in words)),
        "the name and more": float(any(form < set(words) for form in forms)),
        "less than the name": float(any(set(words) < form for form in forms)),
        "another of its sort": float(words[-1] == name[-1] and _are_things(set(words) - set(name))),
        "another number": float(bool(numbers) and not any(numbers <= form for form in forms)),
        "a category": float(entry.kind is EntityKind.CATEGORY),
    }


def _are_things(words: set[str]) -> bool:
    """Whether each names a thing: pear juice is no apple juice."""
    return bool(words) and words <= thesaurus().things


@cache
def _weights() -> Mapping[str, float]:
    found: Mapping[str, float] = json.loads(WEIGHTS.read_text())["weights"]
    return found
