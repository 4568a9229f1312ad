"""How alike two phrases sound: a weighted edit distance over phonemes, word boundaries dropped.

Costs follow articulation: sounds made at near places in a like manner are confused most, unstressed
vowels and a lost h, t, d or r least. Pure.
"""

from __future__ import annotations

import itertools
from functools import cache, lru_cache
from math import hypot

from knowledge_base.pronunciation import pronounced
from knowledge_base.words import spoken

_VOWELS = {  # openness, backness, glide, colour of r
    "I": (0.0, 0.0, "", 0), "i": (0.2, 0.15, "", 0), "A": (0.4, 0.05, "y", 0),
    "e": (0.55, 0.15, "", 0), "@": (0.85, 0.2, "", 0), "a": (1.0, 0.75, "", 0),
    "o": (0.75, 0.95, "", 0), "O": (0.45, 1.0, "w", 0), "u": (0.25, 0.8, "", 0),
    "U": (0.0, 0.9, "", 0), "x": (0.6, 0.6, "", 0), "R": (0.5, 0.55, "", 1),
    "Y": (0.9, 0.5, "y", 0), "W": (0.9, 0.6, "w", 0), "j": (0.6, 0.95, "y", 0),
}  # fmt: skip
_CONSONANTS = {  # place from the lips back, manner, voice
    "p": (0.0, "stop", 0), "b": (0.0, "stop", 1), "t": (1.5, "stop", 0), "d": (1.5, "stop", 1),
    "k": (3.5, "stop", 0), "g": (3.5, "stop", 1), "C": (2.2, "affricate", 0),
    "J": (2.2, "affricate", 1), "f": (0.5, "fricative", 0), "v": (0.5, "fricative", 1),
    "T": (1.0, "fricative", 0), "D": (1.0, "fricative", 1), "s": (1.5, "fricative", 0),
    "z": (1.5, "fricative", 1), "S": (2.2, "fricative", 0), "Z": (2.2, "fricative", 1),
    "h": (4.5, "fricative", 0), "m": (0.0, "nasal", 1), "n": (1.5, "nasal", 1),
    "N": (3.5, "nasal", 1), "l": (1.6, "liquid", 1), "r": (2.0, "liquid", 1),
    "w": (0.5, "glide", 1), "y": (2.8, "glide", 1),
}  # fmt: skip
_MANNERS = {
    frozenset(("stop", "affricate")): 0.35, frozenset(("affricate", "fricative")): 0.3,
    frozenset(("stop", "fricative")): 0.5, frozenset(("stop", "nasal")): 0.6,
    frozenset(("nasal", "liquid")): 0.6, frozenset(("liquid", "glide")): 0.4,
}  # fmt: skip
_LIKE_A_VOWEL = {  # either way round
    ("R", "r"): 0.35,
    ("I", "y"): 0.3,
    ("i", "y"): 0.4,
    ("U", "w"): 0.3,
    ("u", "w"): 0.4,
}
_LOST = {"h": 0.35, "r": 0.45, "t": 0.55, "d": 0.55, "y": 0.35, "x": 0.4, "i": 0.5}
"""What it costs to lose or add a sound, where that is cheaper than usual."""

_CLASSES = {
    ord(sound): group[0]
    for group in ("aIie@oOuUxRYWjA", "pb", "td", "kg", "sCJSZzTD", "fv", "nmN", "lr", "wy", "h")
    for sound in group
}
"""Sounds that are told apart easily, a letter a class: to find candidates among thousands."""


@lru_cache(maxsize=65_536)
def phonemes(text: str) -> str:
    """The phrase as it is said, without its article, a character a phoneme."""
    return "".join(pronounced(word) for word in spoken(text))


def classes(sounds: str) -> str:
    """The same with each sound replaced by its class."""
    return sounds.translate(_CLASSES)


@lru_cache(maxsize=65_536)
def likeness(one: str, other: str) -> float:
    """1 for the same sounds, 0 for none alike."""
    longer = max(len(one), len(other))
    return 1.0 if one == other else max(0.0, 1.0 - _distance(one, other) / longer)


def _distance(one: str, other: str) -> float:
    costs = _costs()
    lost_theirs = [_lost(sound, other, at) for at, sound in enumerate(other)]
    before = [0.0, *itertools.accumulate(lost_theirs)]
    for at, sound in enumerate(one):
        lost = _lost(sound, one, at)
        swapped = costs[sound]
        row = before[0] + lost
        after = [row]
        for column, theirs in enumerate(other):
            row += lost_theirs[column]
            if (kept := before[column + 1] + lost) < row:
                row = kept
            if (changed := before[column] + swapped[theirs]) < row:
                row = changed
            after.append(row)
        before = after
    return before[-1]


@cache
def _costs() -> dict[str, dict[str, float]]:
    sounds = (*_VOWELS, *_CONSONANTS)
    return {one: {other: _swapped(one, other) for other in sounds} for one in sounds}


def _lost(sound: str, sounds: str, at: int) -> float:
    if at and sounds[at - 1] == sound:  # "bath thing": one long sound
        return 0.1
    return _LOST.get(sound, 0.8)


def _swapped(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one in _VOWELS and other in _VOWELS:
        (open1, back1, glide1, r1), (open2, back2, glide2, r2) = _VOWELS[one], _VOWELS[other]
        cost = 0.1 + 0.5 * hypot(open1 - open2, back1 - back2)
        cost += 0.15 * (glide1 != glide2) + 0.15 * (r1 != r2)
        return cost * (0.6 if "x" in (one, other) else 1.0)
    if one in _CONSONANTS and other in _CONSONANTS:
        (place1, manner1, voice1), (place2, manner2, voice2) = _CONSONANTS[one], _CONSONANTS[other]
        manner = 0.0 if manner1 == manner2 else _MANNERS.get(frozenset((manner1, manner2)), 0.8)
        place = min(0.5, 0.1 + 0.15 * abs(place1 - place2)) if place1 != place2 else 0.0
        return min(1.0, 0.2 * (voice1 != voice2) + manner + place)
    return min(_LIKE_A_VOWEL.get((one, other), 1.1), _LIKE_A_VOWEL.get((other, one), 1.1))


def alternatives(sound: str) -> list[str]:
    """What a listener may take a sound for: those made much alike, and nothing where it is weak."""
    alike = [other for other in (*_VOWELS, *_CONSONANTS) if 0 < _swapped(sound, other) <= 0.35]
    return [*alike, ""] if sound in _LOST else alike or [sound]
