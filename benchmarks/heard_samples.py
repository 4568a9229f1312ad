"""Phrases to fit the judgement of misspelled and misheard words on, and what each may be.

Three sources: the development half of the labelled phrases; names of the arenas and of random
household things, with letters and sounds changed as typists and recognisers change them; and names
of other things and people, which must stay unknown.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from benchmarks.phrase_sets import ARENAS, COLLECTIONS, read
from knowledge_base import importers
from knowledge_base.evidence import by_words
from knowledge_base.given_names import given_names
from knowledge_base.heard import Heard, candidates
from knowledge_base.importers.arena import content_of, entry_of, slug
from knowledge_base.index import Form, Index
from knowledge_base.lexicon import frequency, frequent_words, is_word
from knowledge_base.phonetics import alternatives, likeness, phonemes
from knowledge_base.pronunciation import pronounced
from knowledge_base.thesaurus import thesaurus
from knowledge_base.words import singular
from schemas.grounding import EntityKind

SEED = 5
MADE_ARENAS = 12
"""Arenas of random things and people, beside the three of the phrases."""

MADE_NAMES = 40
"""Things, and people, in each of them."""

CHANGED = 2
"""Misspellings, and mishearings, of each name."""

OTHERS = 300
"""Other things, and other people, asked for in each arena."""

FREQUENT = 1000
"""Least frequency of words that a recogniser would rather write."""

NEAR = 0.75
"""Least likeness of another word that a known name may be confused with."""

NEAR_WORDS = 3
"""Such words asked for, a name."""

SAME_NAME = 0.9
"""Likeness from which two people's names are spellings of one."""

_TRIES = 200
_KEYS = {
    row[0]: list(row[1:])
    for row in "qwa wesq erwd rtef tyrg yuth uiyj iouk opil apqs sdaz dfse fgdr ghft hjgy jkhu "
    "klji lkop zxas xczd cvxf vbcg bnvh nmbj mnk".split()
}
_RESPELLED = (
    ("c", "k"), ("k", "c"), ("ph", "f"), ("f", "ph"), ("ee", "ea"), ("ea", "ee"), ("i", "y"),
    ("y", "i"), ("s", "c"), ("ow", "ou"), ("er", "a"), ("a", "er"), ("x", "ks"), ("z", "s"),
    ("g", "j"), ("j", "g"), ("qu", "kw"), ("oo", "u"), ("u", "oo"), ("ai", "ay"), ("tion", "shun"),
    ("ck", "k"), ("o", "oe"), ("e", "a"), ("i", "ee"), ("ar", "er"), ("or", "er"), ("ew", "oo"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """A phrase beside a form that it may be a transcript of."""

    phrase: str
    heard: Heard
    form: Form
    right: bool
    source: str


Arena = dict[str, list[Index]]
"""Indexes by slot."""


def heard_samples() -> list[Sample]:
    """Every phrase with every candidate of its arena."""
    rng = random.Random(SEED)
    found: list[Sample] = []
    arenas = {name: arena_of(name) for name in ARENAS}
    for name, arena in arenas.items():
        categories = arena["thing"][1].entries
        for case in read(name, categories):
            if not case.held_out:
                ids = case.expected.ids
                found += _paired(case.phrase, arena[case.slot], ids, case.slot, "labelled")
    made = [made_arena(rng) for _ in range(MADE_ARENAS)]
    for arena in (*arenas.values(), *made):
        found += _changed(arena, rng)
        found += _others(arena, rng)
    return found


def _paired(
    phrase: str, indexes: Sequence[Index], ids: frozenset[str], slot: str, source: str
) -> Iterator[Sample]:
    if by_words(phrase, indexes):
        return
    heard = Heard.of(phrase)
    for index in indexes:
        for form in candidates(heard, index):
            yield Sample(phrase, heard, form, form.entry.id in ids, source)


def arena_of(name: str, aliases: bool = True) -> Arena:
    """The indexes of an arena of the phrases, with or without its aliases."""
    contents = importers.read(importers.files_in(ARENAS[name])).contents
    indexes = {
        collection: Index.of(
            entry_of(collection, i, c if aliases else c.model_copy(update={"aliases": ()}))
            for i, c in rows.items()
        )
        for collection, rows in contents.items()
    }
    return {slot: [indexes[name] for name in names] for slot, names in COLLECTIONS.items()}


def made_arena(rng: random.Random) -> Arena:
    """An arena of random things and people."""
    things = rng.sample(nameable(), MADE_NAMES)
    people = rng.sample(sorted(given_names()), MADE_NAMES)
    return {"thing": [_index("objects", things)], "person": [_index("people", people)]}


def _index(collection: str, names: Sequence[str]) -> Index:
    contents = {slug(name): content_of(collection, {"name": name}) for name in names}
    return Index.of(entry_of(collection, i, c) for i, c in contents.items())


@cache
def nameable() -> list[str]:
    """Names of artifacts and food that people use, of one or two words."""
    return sorted(
        name
        for name in thesaurus().sense
        if name.count(" ") < 2 and min(frequency(w) for w in name.split()) >= FREQUENT / 2
    )


def _changed(arena: Arena, rng: random.Random) -> Iterator[Sample]:
    """Names as they are mistyped and misheard."""
    for slot, indexes in arena.items():
        for index in indexes:
            for form in index.forms:
                name = " ".join(form.words)
                texts = [_mistyped(name, rng) for _ in range(CHANGED)]
                texts += [t for _ in range(CHANGED) if (t := _misheard(name, rng)) is not None]
                for text in dict.fromkeys(texts):
                    if not _means_another(text, form):
                        ids = frozenset({form.entry.id})
                        yield from _paired(text, indexes, ids, slot, "changed")


def _means_another(text: str, form: Form) -> bool:
    """Whether the change made another name of it, as "deck" of "desk"."""
    if form.entry.kind is EntityKind.PERSON:
        return text in given_names()
    words = text.split()
    known = thesaurus()
    return text in known.sense or (len(words) == 1 and is_word(text) and text in known.things)


def _mistyped(name: str, rng: random.Random) -> str:
    text = list(name)
    for _ in range(2 if len(name) > 8 and rng.random() < 0.3 else 1):
        at = rng.randrange(len(text))
        match rng.randrange(5):
            case 0 if at + 1 < len(text):
                text[at], text[at + 1] = text[at + 1], text[at]
            case 1 if len(text) > 3:
                del text[at]
            case 2:
                text.insert(at, text[at])
            case 3:
                text[at] = rng.choice(_KEYS.get(text[at], [text[at]]))
            case _:
                return _respelled("".join(text), rng)
    return " ".join("".join(text).split())


def _respelled(name: str, rng: random.Random) -> str:
    fitting = [(old, new) for old, new in _RESPELLED if old in name]
    if not fitting:
        return name
    old, new = rng.choice(fitting)
    return name.replace(old, new, 1)


def _misheard(name: str, rng: random.Random) -> str | None:
    """Frequent words that sound nearly as the name does, or none found."""
    sounds = phonemes(name)
    words = _words_by_sound()
    for _ in range(_TRIES):
        heard = "".join(
            rng.choice(alternatives(sound)) if rng.random() < 0.2 else sound for sound in sounds
        )
        cuts = sorted(rng.sample(range(1, len(heard)), rng.randrange(0, min(3, len(heard)))))
        parts = [heard[a:b] for a, b in zip([0, *cuts], [*cuts, len(heard)], strict=True)]
        if all(part in words for part in parts):
            text = " ".join(rng.choice(words[part]) for part in parts)
            if text != name:
                return text
    return None


@cache
def _words_by_sound() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in frequent_words(FREQUENT):
        if len(word) > 1 or word in "ai":
            found.setdefault(pronounced(word), []).append(word)
    return found


def _others(arena: Arena, rng: random.Random) -> Iterator[Sample]:
    """Other things and other people, some of them named much as one that is known."""
    known = thesaurus()
    for slot, indexes in arena.items():
        person = slot == "person"
        pool = sorted(given_names()) if person else nameable()
        kinds = {k for i in indexes for f in i.forms for k in known.kinds(" ".join(f.words))}
        others = rng.sample(pool, OTHERS)
        if person:  # Cathy is a spelling of Kathy
            others = [name for name in others if not _said_as_one_of(name, indexes)]
        longer = [] if person else [*composed(indexes, others, rng), *_near_words(indexes)]
        for text in (*others, *longer):
            if person or known.sense.get(text) not in kinds:
                yield from _paired(text, indexes, frozenset(), slot, "other")


def _said_as_one_of(name: str, indexes: Sequence[Index]) -> bool:
    return any(
        likeness(pronounced(name), sounds) >= SAME_NAME
        for index in indexes
        for form in index.forms
        for sounds in (form.sounds, *form.other_sounds)
    )


def composed(indexes: Sequence[Index], others: Sequence[str], rng: random.Random) -> list[str]:
    """ "Lemon cake" where a lemon is known, "dining room" where a living room is."""
    words = [name for name in others if " " not in name]
    found = []
    for form in (form for index in indexes for form in index.forms):
        name, word = list(form.words), rng.choice(words)
        if len(name) > 1:
            name[rng.randrange(len(name))] = word
        elif rng.random() < 0.5:
            name.append(word)
        else:
            name.insert(0, word)
        found.append(" ".join(name))
    return found


def _near_words(indexes: Sequence[Index]) -> list[str]:
    """Names of other things that sound nearly as one that is known: "market" and "marker"."""
    words = _thing_words()
    found = []
    for form in (form for index in indexes for form in index.forms if len(form.words) == 1):
        near = process.extract(
            form.sounds, list(words), scorer=Levenshtein.normalized_similarity, limit=20
        )
        alike = [w for sounds, _, _ in near for w in words[sounds] if sounds != form.sounds]
        likely = [w for w in alike if likeness(pronounced(w), form.sounds) >= NEAR]
        found += likely[:NEAR_WORDS]
    return found


@cache
def _thing_words() -> dict[str, list[str]]:
    """Names of one word by their sounds."""
    found: dict[str, list[str]] = {}
    for name in nameable():
        if " " not in name and singular(name) == name:
            found.setdefault(pronounced(name), []).append(name)
    return found
