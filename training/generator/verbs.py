"""Forms of English verbs, and requests that put the verb in one of them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from training.generator.grammar import weigh
from training.generator.resources import table

_DATA: dict[str, Any] = table("verbs")
_IRREGULAR: dict[str, tuple[str, str]] = {v: tuple(f) for v, f in _DATA["irregular"].items()}
_IMPERATIVES = frozenset(_DATA["imperatives"])
_FURTHER = re.compile(r"(?<= and )([a-z]+)\b")
_DOUBLED = re.compile(r"[^aeiou]*[aeiou][bdgmnprt]")
_ASKED = {form: [weigh(phrase) for phrase in phrases] for form, phrases in _DATA["asked"].items()}


def past(verb: str) -> str:
    """As in "you brought"."""
    return _IRREGULAR[verb][0] if verb in _IRREGULAR else _regular(verb)


def participle(verb: str) -> str:
    """As in "it was brought"."""
    return _IRREGULAR[verb][1] if verb in _IRREGULAR else _regular(verb)


def gerund(verb: str) -> str:
    """As in "bringing"."""
    if verb.endswith("e") and not verb.endswith(("ee", "be")):
        return verb[:-1] + "ing"
    if _DOUBLED.fullmatch(verb):
        return verb + verb[-1] + "ing"
    return verb + "ing"


def _regular(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + (verb[-1] if _DOUBLED.fullmatch(verb) else "") + "ed"


def imperative(command: str) -> bool:
    """Whether it begins with a verb known to be one: "bring me tea", not "tea please"."""
    return command.partition(" ")[0] in _IMPERATIVES


def inflected(command: str, form: Callable[[str], str], further: bool = True) -> str:
    """The command with its first verb in that form, and those behind "and" too: "going to the hall
    and finding Tom"."""
    verb, space, rest = command.partition(" ")
    if further:
        rest = _FURTHER.sub(lambda m: form(m[1]) if m[1] in _IMPERATIVES else m[1], rest)
    return f"{form(verb)}{space}{rest}"


_FORMS: dict[str, Callable[[str], str]] = {"gerund": gerund, "past": past, "base": str}


def asked(command: str, rng: random.Random) -> str:
    """ "bring me tea" as in "would you mind bringing me tea"; what is no imperative stays."""
    if not imperative(command):
        return command
    name = rng.choice(list(_FORMS))
    further = rng.random() < 0.6
    weights, phrases = zip(*_ASKED[name], strict=True)
    phrase = rng.choices(phrases, weights)[0]
    return f"{phrase} {inflected(command, _FORMS[name], further)}"
