"""Where in a sentence an entity is named, so that its slot holds the very words that were said.

A mention is wrapped in private-use characters that survive the styling of the sentence; when the
transcript is done they are taken out and each slot gets the words between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FIRST = 0xE000
_LAST = 0xE0FF
OPENINGS = "".join(map(chr, range(_FIRST, _LAST + 1)))
CLOSE = "\uf8ff"
MARKS = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}{CLOSE}]")
SPAN = re.compile(f"([{chr(_FIRST)}-{chr(_LAST)}])([^{CLOSE}]*){CLOSE}")


@dataclass(frozen=True, slots=True)
class Said:
    """A slot value that is the words of a mention."""

    mention: int
    fallback: str
    """The words before styling, for a sentence that leaves the mention out."""

    def read(self, found: Mapping[int, str]) -> str:
        """The words as the sentence has them."""
        return found.get(self.mention, self.fallback)


def mark(mention: int, words: str) -> str:
    """The words, wrapped."""
    return f"{chr(_FIRST + mention)}{words}{CLOSE}"


def clean(text: str) -> str:
    """The sentence without marks."""
    return MARKS.sub("", text)


def said(text: str) -> dict[int, str]:
    """What each mention says in the sentence; of several, the first."""
    found: dict[int, str] = {}
    for match in SPAN.finditer(text):
        found.setdefault(ord(match[1]) - _FIRST, match[2].strip(" ,.;"))
    return found
