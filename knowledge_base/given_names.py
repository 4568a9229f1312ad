"""Which words are people's given names: another name is another person, however close."""

from __future__ import annotations

from functools import cache
from pathlib import Path

NAMES = Path(__file__).parent / "data" / "given_names.txt"


@cache
def given_names() -> frozenset[str]:
    """All of them, in lower case."""
    return frozenset(NAMES.read_text(encoding="utf-8").split())


def is_given_name(word: str) -> bool:
    """Whether a census knows it as one."""
    return word in given_names()
