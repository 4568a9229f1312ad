"""How words sound: a phoneme a character, by the CMU dictionary and, for the rest, by rules."""

from __future__ import annotations

import gzip
from bisect import bisect_left
from functools import cache, lru_cache
from pathlib import Path

_DATA = Path(__file__).parent / "data"
PRONUNCIATIONS = _DATA / "pronunciations.txt.gz"
LETTERS = _DATA / "letters.txt.gz"

Rules = dict[str, str]
"""A letter in its context, ``ch<a>ir``, to the phonemes it is read as."""

SYMBOLS = {
    "AA": "a", "AE": "@", "AH": "x", "AO": "o", "AW": "W", "AY": "Y", "B": "b", "CH": "C",
    "D": "d", "DH": "D", "EH": "e", "ER": "R", "EY": "A", "F": "f", "G": "g", "HH": "h",
    "IH": "i", "IY": "I", "JH": "J", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "N",
    "OW": "O", "OY": "j", "P": "p", "R": "r", "S": "s", "SH": "S", "T": "t", "TH": "T",
    "UH": "u", "UW": "U", "V": "v", "W": "w", "Y": "y", "Z": "z", "ZH": "Z",
}  # fmt: skip
"""ARPAbet to one character."""

CONTEXTS = ((4, 4), (3, 4), (3, 3), (2, 3), (2, 2), (1, 2), (2, 1), (1, 1), (0, 1), (1, 0), (0, 0))
"""Letters left and right of one that rules may look at, the longest first."""

_PLAINLY = {
    "ai": "Y", "ay": "Y", "ei": "A", "ey": "A", "au": "W", "oi": "j", "ie": "I", "ou": "U",
    "ee": "I", "oo": "U", "ch": "C", "sh": "S", "th": "t", "ph": "f", "ck": "k", "gi": "JI",
    "ge": "Je", "ce": "se", "ci": "CI", "qu": "kw", "zh": "Z", "kh": "h", "gh": "g",
    "a": "a", "b": "b", "c": "k", "d": "d", "e": "e", "f": "f", "g": "g", "h": "h", "i": "I",
    "j": "J", "k": "k", "l": "l", "m": "m", "n": "n", "o": "O", "p": "p", "q": "k", "r": "r",
    "s": "s", "t": "t", "u": "U", "v": "v", "w": "w", "x": "ks", "y": "I", "z": "z",
}  # fmt: skip
"""Letters as languages with plain spelling read them."""

_DIGITS = "zero one two three four five six seven eight nine".split()


@lru_cache(maxsize=65_536)
def pronounced(word: str) -> str:
    """Phonemes of one plain word; digits are read one by one."""
    if word.isdigit() and word.isascii():
        return "".join(pronounced(_DIGITS[int(digit)]) for digit in word)
    lines = _dictionary()
    at = bisect_left(lines, word + " ")
    if at < len(lines) and lines[at].startswith(word + " "):
        return lines[at][len(word) + 1 :]
    return read_aloud(word, _rules())


def readings(word: str) -> tuple[str, ...]:
    """Ways a name may be said: as listed, or by the rules and vowel by vowel."""
    lines = _dictionary()
    at = bisect_left(lines, word + " ")
    listed = at < len(lines) and lines[at].startswith(word + " ")
    plain = "" if listed else _read_plainly(word)
    return tuple(dict.fromkeys((pronounced(word), plain))) if plain else (pronounced(word),)


def _read_plainly(word: str) -> str:
    found, at = "", 0
    while at < len(word):
        for length in (2, 1):
            sounds = _PLAINLY.get(word[at : at + length])
            if sounds is not None:
                found += sounds if found[-1:] != sounds[:1] else sounds[1:]
                at += length
                break
        else:
            at += 1
    return found


def read_aloud(word: str, rules: Rules) -> str:
    """Phonemes by the rules alone."""
    found = ""
    for at in range(len(word)):
        for left, right in CONTEXTS:
            phones = rules.get(window(word, at, left, right))
            if phones is not None:
                found += phones
                break
    return found


def window(word: str, at: int, left: int, right: int) -> str:
    """The letter at a place between so many others; spaces stand beyond the word's ends."""
    padded = f"    {word}    "
    at += 4
    return f"{padded[at - left : at]}<{padded[at]}>{padded[at + 1 : at + 1 + right]}"


@cache
def _dictionary() -> list[str]:
    return gzip.decompress(PRONUNCIATIONS.read_bytes()).decode().split("\n")


@cache
def _rules() -> Rules:
    lines = gzip.decompress(LETTERS.read_bytes()).decode().split("\n")
    return dict(line.rsplit(" ", 1) for line in lines)
