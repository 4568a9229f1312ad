"""Which words and templates training never sees. Decided by a hash of the text, so it is stable."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from zlib import crc32

WORD_SHARE = 16
"""One word in so many is held out."""

TEMPLATE_SHARE = 24


class Split(StrEnum):
    """What a sample may be made of."""

    TRAIN = "train"
    UNSEEN_ENTITIES = "unseen_entities"
    """Templates of training, every open word held out."""
    UNSEEN_TEMPLATES = "unseen_templates"
    """Words of training, the sentence's template held out."""


def word_held_out(text: str) -> bool:
    """Whether training never uses the word as an entity."""
    return crc32(text.lower().encode()) % WORD_SHARE == 3


def template_held_out(text: str) -> bool:
    """Whether training never uses the sentence template."""
    return crc32(text.encode()) % TEMPLATE_SHARE == 7


def words_of(split: Split, words: Iterable[str]) -> tuple[str, ...]:
    """The words a split may use."""
    unseen = split is Split.UNSEEN_ENTITIES
    return tuple(w for w in words if word_held_out(w) is unseen)
