"""General English that holds in any arena: synonyms, containers, describing words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from knowledge_base.words import key, tokens

_FILE = Path(__file__).parent / "data" / "vocabulary.yaml"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Word lists, in the form words are compared in."""

    same: dict[str, frozenset[str]]
    """Word or words to their synonyms."""
    containers: frozenset[str]
    describing: frozenset[str]
    colours: frozenset[str]
    trailing: frozenset[str]
    persons: frozenset[str]

    def reworded(self, words: tuple[str, ...]) -> list[str]:
        """The phrase with one run of words replaced by each of its synonyms."""
        found: list[str] = []
        for begin in range(len(words)):
            for end in range(begin + 1, len(words) + 1):
                for other in self.same.get(" ".join(words[begin:end]), ()):
                    found.append(" ".join((*words[:begin], other, *words[end:])))
        return found


@cache
def vocabulary() -> Vocabulary:
    """The bundled word lists."""
    data = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    same: dict[str, frozenset[str]] = {}
    for group in data["same"]:
        keys = frozenset(key(words) for words in group)
        for one in keys:
            same[one] = same.get(one, frozenset()) | (keys - {one})
    lists = {
        name: frozenset(word for phrase in data[name] for word in tokens(phrase))
        for name in ("containers", "describing", "colours", "trailing", "persons")
    }
    return Vocabulary(same, **lists)
