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


def miscounts(commands: Commands, text: str) -> bool:
    """Whether the plan fetches something another number of times than the utterance says."""
    picked = Counter(plain(c.object_to_pick) for c in commands if isinstance(c, PickObject))
    words = plain(text).split()
    return any(
        _said(words, phrase.split()) not in (None, times) for phrase, times in picked.items()
    )


def _said(words: list[str], phrase: list[str]) -> int | None:
    """The number in front of the phrase, of two or more; None where none is."""
    for at in range(1, len(words) - len(phrase) + 1):
        if words[at : at + len(phrase)] == phrase:
            said = quantity(words[:at])
            if said is not None and said > 1:
                return said
    return None


def swallows(groundings: Iterable[Fields]) -> bool:
    """Whether a number was taken for part of a thing's name which has none: "12 bananas", read as
    the banana, fetched another number of times."""
    named = [f["object_to_pick"] for f in groundings if "object_to_pick" in f]
    times = Counter(one.phrase for one in named)
    return any(_number_lost(one) not in (None, times[one.phrase]) for one in named)


def _number_lost(thing: Grounding) -> int | None:
    first, *rest = plain(thing.phrase).split() or [""]
    said = quantity([first])
    if thing.name is None or not rest or said is None or said < 2:
        return None
    return None if str(said) in tokens(thing.name) else said
