"""How right a written plan is: the strict measure and the lenient one, both over plain dicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Written = Mapping[str, Any]

DESCRIPTIONS = frozenset({"attribute_value", "previous_command_info", "target_to_count"})
"""Slots that describe: sharing most of their words is enough."""

SHARED = 0.6
_EMPTY = frozenset(
    "the a an of in to on is are with person persons people wearing their your me who s and what "
    "there".split()
)
_SAME = {
    "cancelled": "canceled", "teams": "team", "lifting": "raising", "raised": "raising",
    "seated": "sitting", "tshirt": "shirt", "largest": "biggest", "objects": "object",
}  # fmt: skip


def words(value: object) -> frozenset[str]:
    """Words that carry meaning, in the singular."""
    text = str(value).lower().replace("_", " ").replace("'", "")
    found: set[str] = set()
    for word in re.sub(r"[^a-z0-9 ]", " ", text).split():
        word = _SAME.get(word, word)
        if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
            word = word[:-1]
        found.add(word)
    return frozenset(found - _EMPTY)


def overlap(one: object, other: object) -> float:
    """Jaccard index of the two values' words."""
    a, b = words(one), words(other)
    return len(a & b) / len(a | b) if a | b else 1.0


def same_actions(actual: Sequence[Written], expected: Sequence[Written]) -> bool:
    """The same actions in the same order."""
    return [c["action"] for c in actual] == [c["action"] for c in expected]


def strict(actual: Sequence[Written], expected: Sequence[Written]) -> bool:
    """Actions and every slot are the same; ``user_instruction`` is free text and not compared."""
    return same_actions(actual, expected) and all(
        overlap(a.get(f, ""), e[f]) >= (SHARED if f in DESCRIPTIONS else 1.0)
        for a, e in zip(actual, expected, strict=True)
        for f in e.keys() - {"action", "user_instruction"}
    )


def lenient(actual: Sequence[Written], expected: Sequence[Written]) -> float:
    """0 where the actions differ, else the mean overlap of the slots, halved towards 1.

    The seed project's measure has the same form with the cosine of sentence embeddings in place of
    the overlap of words.
    """
    if not same_actions(actual, expected):
        return 0.0
    scores = [
        (1 + overlap(a.get(f, ""), e[f])) / 2
        for a, e in zip(actual, expected, strict=True)
        for f in e.keys() - {"action", "user_instruction"}
    ]
    return sum(scores) / len(scores) if scores else 1.0
