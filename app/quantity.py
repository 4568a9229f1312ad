"""How many of a thing were asked for, beside how many a plan fetches. Pure.

A model plans a few of a kind one by one, and of more than it learned it plans too few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from app.sessions import Commands
from knowledge_base.words import plain, quantity, tokens
from schemas.commands import PickObject
from schemas.grounding import Fields, Grounding

OVER_AND_OVER = 4
"""Mentions of one thing; fewer are said of what is done with it, too."""


def miscounts(commands: Commands, text: str) -> bool:
    """Whether the plan fetches something another number of times than the utterance says: by a
    number in front of it, or by naming it over and over, which means it once or each time."""
    picked = Counter(plain(c.object_to_pick) for c in commands if isinstance(c, PickObject))
    words = plain(text).split()
    return any(_otherwise(words, phrase.split(), times) for phrase, times in picked.items())


def _otherwise(words: list[str], phrase: list[str], times: int) -> bool:
    size = len(phrase)
    named = [at for at in range(len(words) - size + 1) if words[at : at + size] == phrase]
    numbers = [said for at in named if (said := _several(words[:at]))]
    if numbers:
        return numbers[0] != times
    return len(named) >= OVER_AND_OVER and 1 < times < len(named)


def swallows(groundings: Iterable[Fields]) -> bool:
    """Whether a number was taken for part of a thing's name which has none: "12 bananas", read as
    the banana, fetched another number of times."""
    named = [f["object_to_pick"] for f in groundings if "object_to_pick" in f]
    times = Counter(one.phrase for one in named)
    return any(_number_lost(one) not in (None, times[one.phrase]) for one in named)


def _number_lost(thing: Grounding) -> int | None:
    first, *rest = plain(thing.phrase).split() or [""]
    said = _several([first])
    if thing.name is None or not rest or said is None:
        return None
    return None if str(said) in tokens(thing.name) else said


def _several(words: list[str]) -> int | None:
    """The number the words end with, of two or more."""
    said = quantity(words)
    return said if said is not None and said > 1 else None
