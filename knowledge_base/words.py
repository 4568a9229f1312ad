"""Phrases in the one form they are compared in. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import jellyfish

_DROPPED = frozenset("the a an my our your his her their some any this that these those".split())
_WITHIN = frozenset(("oh", "o", "hundred", "and"))
"""Words inside a number."""

_TITLES = frozenset("mr mister mrs ms miss dr doctor prof professor sir madam".split())
_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
} | {
    word: str(10 * number)
    for number, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), 2
    )
}
_COLLECTIVE = {"dozen": 12, "hundred": 100, "thousand": 1000}
_IRREGULAR = {"knives": "knife", "shelves": "shelf", "loaves": "loaf", "dice": "dice"}

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
"""Letters that Unicode does not take apart."""


def plain(text: str) -> str:
    """Lower case, without accents, punctuation and possessives; single spaces."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    joined = re.sub(r"(?<=\w)['\u2019](?=\w)", "", bare)
    return re.sub(r"[\W_]+", " ", joined).strip()


def untitled(text: str) -> str:
    """A person's name without the title in front."""
    words = text.split()
    titled = len(words) > 1 and plain(words[0]) in _TITLES
    return " ".join(words[1:]) if titled else text


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
    return tuple(numbered([_NUMBERS.get(w, singular(w)) for w in kept]))


def quantity(words: list[str]) -> int | None:
    """The number that the words end with, "a couple of", "a dozen" and "twenty five" among them;
    None where they end with none."""
    *before, last = words or [""]
    if last == "of":
        return 2 if before[-1:] == ["couple"] else None
    if last.isdecimal():
        return int(last)
    if last not in _NUMBERS:
        return _COLLECTIVE.get(last)
    number = int(_NUMBERS[last])
    tens = int(_NUMBERS.get(before[-1], "0")) if before else 0
    return number + tens if 0 < number < 10 and tens >= 20 else number


def numbered(words: list[str]) -> list[str]:
    """Number words that follow each other made one: 1 oh 1, 1 hundred 1 and 100 1 are 101."""
    found: list[str] = []
    at = 0
    while at < len(words):
        end = at
        while end < len(words) and (words[end].isdigit() or (end > at and words[end] in _WITHIN)):
            end += 1
        while end > at and not words[end - 1].isdigit() and words[end - 1] != "hundred":
            end -= 1
        if end > at:
            found.append(_number(words[at:end]))
        elif not (found and words[at] in ("number", "no") and words[at + 1 : at + 2] != []):
            found.append(words[at])
        at = max(end, at + 1)
    return found


def _number(said: list[str]) -> str:
    """The digits that were said one by one, or the number that its parts add up to."""
    digits = ["0" if word in ("oh", "o") else word for word in said if word != "and"]
    if all(len(digit) == 1 for digit in digits) or len(said) == 1:
        return "".join(digits)
    total = 0
    for digit in digits:
        total = total * 100 if digit == "hundred" else total + int(digit)
    return str(total)


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
