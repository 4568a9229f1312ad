"""How right a plan is: the strict measure, and the order of actions alone.

The strict measure asks for the same actions in the same order and, slot for slot, the same words
after normalisation: case, articles, underscores, plural, word order and a few words that carry no
meaning in a label. ``user_instruction`` is free text and is not compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Written = Mapping[str, Any]

UNCOMPARED = frozenset({"action", "user_instruction", "grounding"})
DESCRIPTIONS = frozenset({"attribute_value", "previous_command_info", "target_to_count"})
"""Slots that describe: sharing most of their words is enough."""

SHARED_WORDS = 0.6
"""Least Jaccard index of two descriptions that count as the same."""

_MEANINGLESS = frozenset(
    "the a an of in to on is are with person persons people wearing their your me who s and "
    "what there".split()
)
_SAME = {
    "cancelled": "canceled",
    "teams": "team",
    "lifting": "raising",
    "raised": "raising",
    "seated": "sitting",
    "tshirt": "shirt",
    "largest": "biggest",
    "objects": "object",
}


def words(value: object) -> frozenset[str]:
    """The words of a slot value that carry its meaning, singular."""
    parts = value if isinstance(value, list) else [value]
    text = " ".join(str(part) for part in parts).lower().replace("_", " ").replace("'", "")
    found = (_SAME.get(w, w) for w in re.sub(r"[^a-z0-9 ]", " ", text).split())
    return frozenset(w for w in map(_singular, found) if w not in _MEANINGLESS)


def _singular(word: str) -> str:
    plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


def same_slot(field: str, actual: object, expected: object) -> bool:
    """Whether two values of a slot say the same."""
    a, e = words(actual), words(expected)
    if a == e:
        return True
    return field in DESCRIPTIONS and len(a & e) / len(a | e) >= SHARED_WORDS


def same_actions(actual: Sequence[Written], expected: Sequence[Written]) -> bool:
    """Whether the actions are the same, in the same order."""
    return [c["action"] for c in actual] == [c["action"] for c in expected]


def strict(actual: Sequence[Written], expected: Sequence[Written]) -> bool:
    """Whether actions and every slot are the same."""
    return same_actions(actual, expected) and all(
        same_slot(field, a.get(field, ""), e.get(field, ""))
        for a, e in zip(actual, expected, strict=True)
        for field in (a.keys() | e.keys()) - UNCOMPARED
    )
