"""Synonyms, kinds and things of general English, chosen from WordNet by ``derive.thesaurus``.

WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved. See ``data/NOTICE.md``.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data"
SYNSETS = _DATA / "thesaurus.txt.gz"
THINGS = _DATA / "things.txt.gz"


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """Synsets by number; words in the form they are compared in."""

    words: list[str]
    """A synset's words, joined by ``|``."""
    above: list[str]
    """Numbers of its hypernyms, joined by spaces."""
    sense: dict[str, int]
    """The synset that a word means first."""
    things: frozenset[str]

    def synonyms(self, words: str) -> list[str]:
        """Other words for the same."""
        sense = self.sense.get(words)
        return [] if sense is None else [w for w in self.words[sense].split("|") if w != words]

    def kinds(self, words: str) -> dict[int, int]:
        """The synset of the words and those above it, with the steps up to each."""
        found: dict[int, int] = {}
        todo = [(self.sense[words], 0)] if words in self.sense else []
        while todo:
            sense, steps = todo.pop(0)
            if sense not in found:
                found[sense] = steps
                todo += [(int(upper), steps + 1) for upper in self.above[sense].split()]
        return found


@cache
def thesaurus() -> Thesaurus:
    """The bundled one; reading it takes a tenth of a second."""
    words: list[str] = []
    above: list[str] = []
    sense: dict[str, int] = {}
    for number, line in enumerate(_lines(SYNSETS)):
        names, _, uppers = line.partition("\t")
        words.append(names)
        above.append(uppers)
        for name in names.split("|"):
            if name:
                sense.setdefault(name, number)
    return Thesaurus(words, above, sense, frozenset(_lines(THINGS)))


def _lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().split("\n")
