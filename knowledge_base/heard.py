"""Whether some words are another's name misspelled or misheard: features of a pair, one judgement.

The weights are fitted by ``benchmarks.grounding_fit``; nothing here was set by feel.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA, Levenshtein

from knowledge_base.given_names import is_given_name
from knowledge_base.index import Form, Index
from knowledge_base.lexicon import is_word
from knowledge_base.phonetics import classes, likeness
from knowledge_base.pronunciation import pronounced, readings
from knowledge_base.thesaurus import thesaurus
from knowledge_base.vocabulary import vocabulary
from knowledge_base.words import plain, spoken, tokens
from schemas.grounding import EntityKind

WEIGHTS = Path(__file__).parent / "data" / "heard.json"

_LIKE_SOUNDING = 0.55
_LIKE_SPELLED = 0.62
"""Least similarity of a candidate; far below what is ever accepted."""

_CANDIDATES = 8
"""Candidates that are compared in full, by sound and by spelling each."""

_HOMOPHONE = 0.03
"""Unlikeness up to which words sound the same."""

_SAME_NAME = 0.06
"""The same for names: Robyn is Robin, Simon is not Simone."""

Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class Heard:
    """A phrase as it was transcribed, seen as sounds, letters and words."""

    sounds: str
    letters: str
    words: tuple[str, ...]
    raw: tuple[str, ...]

    @classmethod
    def of(cls, phrase: str, whole: bool = False) -> Heard:
        """Look at a phrase; ``whole``: what looks like an article is none ("a dell" is Adel)."""
        raw = tuple(plain(phrase).split() if whole else spoken(phrase))
        return cls("".join(map(pronounced, raw)), "".join(raw), tokens(phrase), raw)


def candidates(heard: Heard, index: Index) -> list[Form]:
    """Forms that sound or are spelled somewhat like it."""
    by_sound = process.extract(
        classes(heard.sounds),
        index.sound_classes,
        scorer=Levenshtein.normalized_similarity,
        score_cutoff=_LIKE_SOUNDING,
        limit=_CANDIDATES,
    )
    by_letters = process.extract(
        heard.letters,
        index.compacts,
        scorer=OSA.normalized_similarity,
        score_cutoff=_LIKE_SPELLED,
        limit=_CANDIDATES,
    )
    found = [form for code, _, _ in by_sound for form in index.by_sound_class[code]]
    found += [form for letters, _, _ in by_letters for form in index.by_compact[letters]]
    once = {id(form): form for form in found}.values()
    return [form for form in once if _same_number(heard, form)]


def probability(heard: Heard, form: Form) -> float:
    """How likely the phrase is a transcript of the form."""
    person = form.entry.kind is EntityKind.PERSON
    weights = _weights()["person" if person else "thing"]
    features = features_of_name(heard, form) if person else features_of_thing(heard, form)
    logit = weights["bias"] + sum(weights[name] * value for name, value in features.items())
    return 1 / (1 + math.exp(-logit))


def features_of_thing(heard: Heard, form: Form) -> Features:
    """What tells whether a thing or a place was misspelled or misheard."""
    sound = likeness(heard.sounds, form.sounds)
    spelling = max(
        OSA.normalized_similarity(heard.letters, form.letters),
        OSA.normalized_similarity("".join(heard.words), "".join(form.words)),
    )
    shared = set(heard.words) & set(form.words)
    ours, theirs = ([w for w in words if w not in shared] for words in (heard.words, form.words))
    real = all(is_word(word) for word in heard.raw)
    single = len(heard.raw) == 1
    unheard, rest = 1 - sound, 1 - _rest(ours, theirs)
    return {
        "unlike in sound": unheard,
        "unlike in spelling": 1 - spelling,
        "unlike in both": min(unheard, 1 - spelling),
        "the rest unlike": rest,
        "the rest unlike, real words": rest * real,
        "real words unlike in sound": unheard * real,
        "one real word unlike in sound": unheard * (real and single),
        "one real word": float(real and single),
        "several real words": float(real and not single),
        "another thing": float(_names_a_thing(ours)),
        "another compound": float(not single and _has_a_meaning(heard.words)),
        "one real word that sounds otherwise": float(real and single and unheard > _HOMOPHONE),
        "other beginning": float(heard.sounds[:1] != form.sounds[:1]),
        "length": math.log2(1 + min(len(heard.sounds), len(form.sounds))),
        "words more or less": float(abs(len(heard.raw) - len(form.words))),
        "words shared, the rest unlike": rest * real * bool(shared),
        "words shared": len(shared) / len(form.words),
    }


def features_of_name(heard: Heard, form: Form) -> Features:
    """What tells whether a person's name was misspelled or misheard."""
    sound = _said_alike(heard.raw, form)
    spelling = OSA.normalized_similarity(heard.letters, form.letters)
    other = _another_name(heard.raw, form.written)
    last = heard.letters.rstrip("h")[-1:], form.letters.rstrip("h")[-1:]
    return {
        "unlike in sound": 1 - sound,
        "unlike in spelling": 1 - spelling,
        "unlike in both": min(1 - sound, 1 - spelling),
        "another name": float(other),
        "another name unlike in sound": other * (1 - sound),
        "other ending": float(last[0] != last[1] and bool(set(last) & set("aeio"))),
        "other beginning": float(heard.sounds[:1] != form.sounds[:1]),
        "several words": float(len(heard.raw) > len(form.words)),
        "length": math.log2(1 + min(len(heard.sounds), len(form.sounds))),
    }


def _said_alike(words: tuple[str, ...], form: Form) -> float:
    """The best likeness of any two ways to say both."""
    ours = {"".join(sounds) for sounds in itertools.product(*map(readings, words))}
    return max(likeness(a, b) for a in ours for b in (form.sounds, *form.other_sounds))


def _another_name(words: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Whether a word is a given name, and not the one that stands there."""
    if len(words) != len(name):
        return len(words) == 1 and is_given_name(words[0])
    same = [_same_sound(ours, theirs) for ours, theirs in zip(words, name, strict=True)]
    return not any(same) and any(map(is_given_name, words))


def _same_sound(one: str, other: str) -> bool:
    return 1 - likeness(pronounced(one), pronounced(other)) <= _SAME_NAME


def _rest(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """Likeness of what is left when equal words are taken away; a word too many is like none."""
    if not ours or not theirs:
        return 1.0 if not ours and not theirs else 0.0
    if len(ours) == len(theirs) > 1:
        return min(_alike(a, b) for a, b in zip(ours, theirs, strict=True))
    words, name = list(ours), "".join(theirs)
    while len(words) > 1 and name.endswith(words[-1]):  # "guest room" beside "bedroom"
        name = name.removesuffix(words.pop())
    while len(words) > 1 and name.startswith(words[0]):
        name = name.removeprefix(words.pop(0))
    if name == "".join(theirs):
        return _alike("".join(ours), name, *map(_said, (ours, theirs)))
    return _alike("".join(words), name, _said(words), pronounced(name)) if name else 0.0


def _alike(one: str, other: str, *sounds: str) -> float:
    said = sounds or (pronounced(one), pronounced(other))
    return max(OSA.normalized_similarity(one, other), likeness(*said))


def _said(words: Sequence[str]) -> str:
    return "".join(pronounced(word) for word in words)


def _names_a_thing(words: Sequence[str]) -> bool:
    """Whether what was heard is the name of another thing."""
    return bool(words) and is_word(words[-1]) and words[-1] in thesaurus().things


def _has_a_meaning(words: Sequence[str]) -> bool:
    """Whether they are known together: "guest room" is no misheard "restroom"."""
    phrase, known = " ".join(words), thesaurus().sense
    return phrase in known or "".join(words) in known or vocabulary().has(phrase)


def _same_number(heard: Heard, form: Form) -> bool:
    """Room 101 is no room 102; "table to" may be said as "table 2" is."""
    ours, theirs = ([w for w in words if w.isdigit()] for words in (heard.words, form.words))
    return ours == theirs or heard.sounds == form.sounds


@cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    found: Mapping[str, Mapping[str, float]] = json.loads(WEIGHTS.read_text())["weights"]
    return found
