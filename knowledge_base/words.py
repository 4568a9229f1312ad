"""Phrases in the one form they are compared in. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import jellyfish

_DROPPED = frozenset("the a an my our your his her their some any this that these those".split())
_NUMBERS = {
    word: str(number)
    for number, word in enumerate("zero one two three four five six seven eight nine ten".split())
}
_IRREGULAR = {"knives": "knife", "shelves": "shelf", "loaves": "loaf", "dice": "dice"}

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
"""Letters that Unicode does not take apart."""


def plain(text: str) -> str:
    """Lower case, without accents, punctuation and possessives; single spaces."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    joined = re.sub(r"(?<=\w)['\u2019](?=\w)", "", bare)
    return re.sub(r"[\W_]+", " ", joined).strip()


def spoken(text: str) -> list[str]:
    """Its words as they are said, without an article in front."""
    words = plain(text).split()
    return words[1:] if len(words) > 1 and words[0] in _DROPPED else words


@lru_cache(maxsize=65_536)
def singular(word: str) -> str:
    """English singular by rule: exact enough to compare, not to speak."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith(("ies", "ie")):  # cookie and cooky alike
        return word[: word.rindex("ie")] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses", "zzes", "oes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=65_536)
def tokens(text: str) -> tuple[str, ...]:
    """The words that tell: without articles, singular, numbers as digits."""
    words = plain(text).split()
    kept = [w for w in words if w not in _DROPPED] or words
    return tuple(_NUMBERS.get(w, singular(w)) for w in kept)


def unnumbered(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without a number at their end: "table 2" is a table."""
    return words[:-1] if len(words) > 1 and words[-1].isdigit() else words


def key(text: str) -> str:
    """The form under which phrases are equal."""
    return " ".join(tokens(text))


def compact(text: str) -> str:
    """The same without spaces: "bath room" and "bathroom" are one."""
    return "".join(tokens(text))


@lru_cache(maxsize=65_536)
def sound(text: str) -> str:
    """How it sounds to an English ear, as a Metaphone code without spaces."""
    return jellyfish.metaphone(compact(text)).replace(" ", "")
