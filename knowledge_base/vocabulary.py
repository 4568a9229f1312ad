"""General English that holds in any arena: synonyms, containers, describing words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    near: dict[str, frozenset[str]]
    """Word or words to what may stand in for them where nothing has their name."""
    kinds: dict[str, tuple[str, frozenset[str]]]
    """Word or words for a kind to its usual name and what belongs to it."""
    containers: frozenset[str]
    describing: frozenset[str]
    colours: frozenset[str]
    trailing: frozenset[str]
    persons: frozenset[str]

    def has(self, words: str) -> bool:
        """Whether the words are known to mean something."""
        return words in self.same

    def reworded(self, words: tuple[str, ...]) -> list[str]:
        """The phrase with one run of words replaced by each of its synonyms."""
        return _reworded(words, self.same)

    def nearly(self, words: tuple[str, ...]) -> list[str]:
        """The same with what may stand in for the words."""
        return _reworded(words, self.near)


def _reworded(words: tuple[str, ...], others: Mapping[str, Iterable[str]]) -> list[str]:
    found: list[str] = []
    for begin in range(len(words)):
        for end in range(begin + 1, len(words) + 1):
            run = words[begin:end]
            for other in others.get(" ".join(run)) or others.get("".join(run), ()):
                found.append(" ".join((*words[:begin], other, *words[end:])))
    return found


@cache
def vocabulary() -> Vocabulary:
    """The bundled word lists."""
    data = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    lists = {
        name: frozenset(word for phrase in data[name] for word in tokens(phrase))
        for name in ("containers", "describing", "colours", "trailing", "persons")
    }
    same = _by_word(data["same"])
    return Vocabulary(same, _by_word(data["near"]), _kinds(data["kinds"], same), **lists)


def _kinds(
    data: Mapping[str, list[str]], same: Mapping[str, frozenset[str]]
) -> dict[str, tuple[str, frozenset[str]]]:
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for name, listed in data.items():
        members = frozenset(key(word) for word in listed)
        members = members.union(*(same.get(word, frozenset()) for word in members))
        names = {key(name)} | same.get(key(name), frozenset())
        for word in names - members:
            found.setdefault(word, (name, members))
        found[key(name)] = (name, members)
    return found


def _by_word(groups: list[list[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for group in groups:
        keys = frozenset(key(words) for words in group)
        for one in keys:
            found[one] = found.get(one, frozenset()) | (keys - {one})
    return found
