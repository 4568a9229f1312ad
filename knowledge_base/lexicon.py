"""Which strings are English words: a misspelling is not one, another thing's name is."""

from __future__ import annotations

from functools import cache

from spellchecker import SpellChecker

COMMON = 100
"""Least count in the list's corpus: below it are misspellings that many make."""


@cache
def _counts() -> dict[str, int]:
    listed = SpellChecker(language="en").word_frequency.dictionary
    return {word: count for word, count in listed.items() if count >= COMMON}


def is_word(word: str) -> bool:
    """Whether it is an English word that people use."""
    return frequency(word) >= COMMON


def frequency(word: str) -> int:
    """How often the list's corpus has it; 0 for what is not common."""
    return _counts().get(word, 0)


def frequent_words(count: int) -> list[str]:
    """Words that the corpus has that often, in a fixed order."""
    return sorted(word for word, seen in _counts().items() if seen >= count and word.isalpha())


def load() -> None:
    """Read the list now; it takes part of a second."""
    _counts()
