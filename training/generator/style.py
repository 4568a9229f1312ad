"""How a sentence looks once it is written down: typed, tidy, or as a speech recogniser hears it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from training.generator.entities import choose
from training.generator.grammar import Grammar
from training.generator.mentions import CLOSE, MARKS, SPAN
from training.generator.resources import table

_NOISE: dict[str, Any] = table("noise")
SOUNDS: dict[str, list[str]] = _NOISE["sounds_like"]
SLOT_SOUNDS: dict[str, list[str]] = _NOISE["words_of_slots"]
SHORT_FORMS: dict[str, str] = _NOISE["short_forms"]
FILLERS: list[str] = _NOISE["fillers"]
DROPPABLE = frozenset(_NOISE["droppable"])
_TIDY = (
    (re.compile(r"\s+([,.;?!])"), r"\1"),
    (re.compile(r"([,.;])(?:\s*[,.;])+"), r"\1"),
    (re.compile(r"\s+"), " "),
    (re.compile(r"\b(please) (?=please\b)"), ""),
)
_KEYS = {
    key: row[max(at - 1, 0) : at] + row[at + 1 : at + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for at, key in enumerate(row)
}
"""The keys to the left and the right of each."""
_ASKS = (
    "how ",
    "what",
    "which",
    "who",
    "could",
    "can ",
    "would",
    "will ",
    "is it",
    "are you",
    "may ",
    "do you",
    "where ",
)
_ARTICLES = re.compile(r"\b(?:the|a|an) ")
_PUNCTUATION = re.compile(r"[,.;:?!]")


@dataclass(frozen=True, slots=True)
class Styles:
    """Shares of the three looks, and the word error rate of the recogniser's."""

    plain: float = 0.28
    typed: float = 0.30
    heard: float = 0.42
    word_error: tuple[float, float] = (0.0, 0.22)
    """Drawn evenly between the two for each sentence."""


def tidy(text: str) -> str:
    """Single spaces, and no space or double point where two phrases met."""
    for pattern, to in _TIDY:
        text = pattern.sub(to, text)
    return text.strip(" ,;")


def styled(text: str, rng: random.Random, grammar: Grammar, styles: Styles) -> str:
    """The sentence in one of the looks; marks stay in."""
    text = tidy(text)
    if rng.random() < 0.13:
        text = grammar.expand("{address}", rng, {}) + " " + text
    if rng.random() < 0.09 and not text.endswith("please"):
        text += " " + grammar.expand("{farewell}", rng, {})
        text = text.replace(" ,", ",")
    if rng.random() < 0.04:
        text = _ARTICLES.sub("", text)
    if rng.random() < 0.02:
        text = text.replace(", ", choose(rng, (",", " , ", " ,")))
    if rng.random() < 0.02:
        return text.upper()
    if rng.random() < 0.004:  # punctuation said aloud, as to a recogniser
        text = text.replace(",", " comma") + choose(rng, (" full stop", " period"))
    look = rng.random() * (styles.plain + styles.typed + styles.heard)
    if look < styles.plain:
        return text
    if look < styles.plain + styles.typed:
        return _typed(text, rng)
    return heard(text, rng, rng.uniform(*styles.word_error))


def _typed(text: str, rng: random.Random) -> str:
    if rng.random() < 0.24:
        text = " ".join(_mistyped(w, rng) for w in text.split(" "))
    if rng.random() < 0.025:
        text = _texted(text, rng)
    if rng.random() < 0.08:
        text = SPAN.sub(lambda m: f"{m[1]}{m[2].title()}{CLOSE}", text)
    if rng.random() < 0.12:
        text = text.replace("'", "")
    if rng.random() < 0.1:
        text = _PUNCTUATION.sub("", text)
    parts = re.split(r"(?<=\. )", text)
    text = "".join(_capital(p) for p in parts)
    text = re.sub(r"\bi('|\b)", r"I\1", text)
    if rng.random() < 0.8:
        asks = text.lower().startswith(_ASKS)
        text += (
            "?"
            if asks and rng.random() < 0.8
            else choose(rng, (".", ".", ".", ".", ".", "!", ".."))
        )
    return text


def _texted(text: str, rng: random.Random) -> str:
    """In the short forms of text messages; never inside a slot."""
    out: list[str] = []
    for word, held in _words(text):
        short = None if held else SHORT_FORMS.get(word.lower())
        out.append(short if short and rng.random() < 0.7 else word)
    return " ".join(out)


def _capital(sentence: str) -> str:
    for at, character in enumerate(sentence[:3]):
        if not MARKS.match(character):
            return sentence[:at] + character.upper() + sentence[at + 1 :]
    return sentence


def _mistyped(word: str, rng: random.Random) -> str:
    if len(word) < 5 or not word.isalpha() or rng.random() > 0.08:
        return word
    at = rng.randrange(1, len(word) - 1)
    kind = rng.random()
    if kind < 0.4:
        return word[:at] + word[at + 1 :]
    if kind < 0.75:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.9:
        return word[:at] + word[at] + word[at:]
    near: str = choose(rng, _KEYS.get(word[at].lower(), word[at]))
    return word[:at] + near + word[at + 1 :]


def heard(text: str, rng: random.Random, word_error: float) -> str:
    """As a recogniser writes it, with that share of words wrong outside the open slots."""
    if rng.random() < 0.8:
        text = _PUNCTUATION.sub("", text)
    if rng.random() < 0.75:
        text = text.replace("'", "") if rng.random() < 0.5 else text
    if rng.random() < 0.85:
        text = text.lower()
    if rng.random() < 0.25:
        text = text.replace("-", " ")
    if word_error > 0.01:
        text = _misheard(text, rng, word_error)
    return _begun_again(text, rng) if rng.random() < 0.04 else text


def _begun_again(text: str, rng: random.Random) -> str:
    """With a few words said twice, as who stumbles and begins again does; never inside a slot."""
    words = text.split(" ")
    outside, inside = [], False
    for at, word in enumerate(words[:12]):
        if not inside:
            outside.append(at)
        inside = _still_open(word, inside)
    at = rng.choice(outside)
    again = MARKS.sub("", " ".join(words[at : at + rng.randint(2, 5)]))
    return " ".join([*words[:at], again, *words[at:]])


def _misheard(text: str, rng: random.Random, rate: float) -> str:
    out: list[str] = []
    for word, held in _words(text):
        if rng.random() >= rate:
            out.append(word)
        elif held:
            out.append(_slot_word(word, MARKS.sub("", word), rng))
        else:
            out.extend(_wrong(word, rng))
    return " ".join(out)


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Each word, and whether a slot holds it."""
    inside = False
    for word in text.split(" "):
        yield word, inside or (not word.isascii() and MARKS.search(word) is not None)
        inside = _still_open(word, inside)


def _still_open(word: str, inside: bool) -> bool:
    if word.isascii():
        return inside
    for character in word:
        if MARKS.match(character):
            inside = character != CLOSE
    return inside


def _slot_word(word: str, core: str, rng: random.Random) -> str:
    """Inside a slot the transcript's own words are the value, so any near sound will do."""
    options = SLOT_SOUNDS.get(core.lower())
    if options and rng.random() < 0.8:
        return word.replace(core, choose(rng, options))
    return word


def _wrong(word: str, rng: random.Random) -> list[str]:
    kind = rng.random()
    options = SOUNDS.get(word.lower())
    if kind < 0.45 and options:
        return [str(choose(rng, options))]
    if kind < 0.62 and word.lower() in DROPPABLE:
        return []
    if kind < 0.74:
        return [word, word]
    if kind < 0.88:
        return [str(choose(rng, FILLERS)), word]
    if kind < 0.94 and len(word) > 6 and word.isalpha():
        at = rng.randrange(3, len(word) - 2)
        return [word[:at], word[at:]]
    return [word]
