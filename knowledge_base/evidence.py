"""What speaks for an entry being meant by some words, from the strongest kind to the weakest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler, Levenshtein

from knowledge_base.entry import Entry
from knowledge_base.index import Form, Index
from knowledge_base.lexicon import is_word
from knowledge_base.vocabulary import Vocabulary, vocabulary
from knowledge_base.words import compact, plain, sound, tokens, unnumbered
from schemas.grounding import EntityKind, Method


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that the words may mean."""

    entry: Entry
    score: float
    method: Method


SCORES = {
    "name": 1.0,
    "alias": 0.97,
    "synonym": 0.93,
    "contained": 0.92,
    "described": 0.9,
    "head": 0.88,
    "sound": 0.86,
    "spelling": 0.84,
    "modifier": 0.6,
    "resembling": 0.5,
}
"""How sure each kind of evidence is; 0.8 and more is enough to act on."""

SPELLING = 0.8
"""Least similarity of spelling that is a misspelling, where the phrase is no English word."""

SPELLING_OF_WORDS = 0.9
"""The same where it is one: "bandana" is a word, and none of "banana" (0.86)."""

SOUNDALIKE = 0.5
"""Least similarity of spelling for phrases of the same sound."""

NEARLY_SOUNDALIKE = 0.8
"""Least similarity of Metaphone codes for phrases of nearly the same sound and spelling."""

SPELLING_OF_SOUND = 0.65
"""Least similarity of spelling for these."""

RESEMBLING = 0.6
"""Least similarity of spelling worth asking about."""

_PACKINGS = "can tin bottle box bag pack packet carton jar tube".split()

_ORDINALS = {
    word: str(number) for number, word in enumerate("first second third fourth fifth".split(), 1)
}

SHORT = 4
"""Letters up to which a misspelling is as likely another word."""


def by_words(phrase: str, indexes: Sequence[Index]) -> list[Hit]:
    """Entries the words name, directly or in other words; the best kind of evidence alone."""
    known = vocabulary()
    words = tokens(phrase)
    for hits in (
        _named(phrase, indexes, 0.0),
        _in_other_words(words, indexes, known),
        _of_a_container(words, indexes, known),
        _turned_round(words, indexes, known),
        _described(words, indexes, known),
        _by_head(words, indexes),
        _by_head_in_other_words(words, indexes, known),
        _packed(words, indexes),
    ):
        if hits:
            return hits
    return []


def by_spelling(phrase: str, indexes: Sequence[Index]) -> list[Hit]:
    """Entries whose name or alias is spelled or sounds like the words."""
    whole = "".join(plain(phrase).split())
    heard = _Heard.of(phrase)
    found = _spelled(heard, indexes)
    if not found and whole != heard.joined:  # "pot a toe": what looked like an article was not
        found = _spelled(replace(heard, joined=whole, sound=sound(whole)), indexes)
    return _sorted(found.values())


def _spelled(heard: _Heard, indexes: Sequence[Index]) -> dict[str, Hit]:
    found: dict[str, Hit] = {}
    for index in indexes:
        for form in index.by_sound.get(heard.sound, ()) if heard.sound else ():
            if heard.same_sound(form):
                _keep(found, Hit(form.entry, SCORES["sound"], Method.PHONETIC))
        if len(heard.joined) < SHORT:
            continue
        for near, similarity, _ in process.extract(
            heard.joined,
            index.compacts,
            scorer=OSA.normalized_similarity,
            score_cutoff=SPELLING_OF_SOUND,
            limit=10,
        ):
            for form in index.by_compact[near]:
                hit = heard.hit(form, similarity)
                if hit is not None:
                    _keep(found, hit)
    return found


@dataclass(frozen=True, slots=True)
class _Heard:
    """A phrase as it is spelled and as it sounds."""

    joined: str
    sound: str
    tokens: tuple[str, ...]
    words: bool
    """Whether it is made of English words, so that it may mean another thing."""

    @classmethod
    def of(cls, phrase: str) -> _Heard:
        words = plain(phrase).split()
        known = all(is_word(word) for word in words)
        return cls(compact(phrase), sound(phrase), tokens(phrase), known)

    def same_sound(self, form: Form) -> bool:
        """Whether it is said as the form is, as far as letters tell."""
        name = "".join(form.words)
        if OSA.normalized_similarity(self.joined, name) < SOUNDALIKE or not self._fits(form):
            return False
        return not self.words or self._word_by_word(form)

    def _word_by_word(self, form: Form) -> bool:
        """Whether each word sounds as the form's does: a dining room is no living room."""
        if len(self.tokens) != len(form.words):
            return True
        pairs = zip(self.tokens, form.words, strict=True)
        if len(form.words) == 1:  # with other words beside it, a short vowel is easily misheard
            return all(sound(a) == sound(b) and not _vowels_differ(a, b) for a, b in pairs)
        return all(sound(a) == sound(b) for a, b in pairs)

    def hit(self, form: Form, similarity: float) -> Hit | None:
        """The evidence of a spelling of that similarity, if it is enough."""
        if not self._fits(form):
            return None
        person = form.entry.kind is EntityKind.PERSON
        strict = self.words and not person and not self._word_by_word(form)
        strict = strict or (self.words and not person and len(self.tokens) == 1)
        if similarity >= (SPELLING_OF_WORDS if strict else SPELLING):
            return Hit(
                form.entry, min(0.95, SCORES["spelling"] * similarity / SPELLING), Method.FUZZY
            )
        code = sound(" ".join(form.words))
        codes = Levenshtein.normalized_similarity(self.sound, code)
        if self.sound[:1] != code[:1]:
            return None
        if not strict and min(len(self.sound), 4) == 4 and codes >= NEARLY_SOUNDALIKE:
            return Hit(form.entry, SCORES["sound"], Method.PHONETIC)
        return None

    def _fits(self, form: Form) -> bool:
        """Numbers are the same; a person's name does not differ as Simon does from Simone."""
        name = "".join(form.words)
        if _digits(self.joined) != _digits(name):
            return False
        return form.entry.kind is not EntityKind.PERSON or not _other_name(self.joined, name)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _vowels_differ(one: str, other: str) -> bool:
    """Whether single vowels at the same place differ: "batter" and "butter" are two words."""
    ours, theirs = (re.findall("[aeiou]+", word) for word in (one, other))
    if len(ours) != len(theirs):
        return (one + "e" == other) or (other + "e" == one)
    return any(len(a) == len(b) == 1 and a != b for a, b in zip(ours, theirs, strict=True))


def _other_name(one: str, other: str) -> bool:
    """Whether the last vowel makes it another name: Julia and Jules, Simon and Simone."""
    one, other = one.removesuffix("h"), other.removesuffix("h")
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    added = longer[:-1] == shorter and longer[-1] in "aeio" and shorter[-1:] not in "aeiouy"
    return added or (one.endswith("a") is not other.endswith("a"))


def resembling(phrase: str, indexes: Sequence[Index], limit: int = 3) -> list[Hit]:
    """Entries worth naming in a question: they share a word, or look alike."""
    found: dict[str, Hit] = {}
    joined, words = compact(phrase), tokens(phrase)
    for index in indexes:
        for word in words:
            for form in index.by_word.get(word, ()):
                _keep(found, Hit(form.entry, SCORES["modifier"], Method.HEAD))
        near = process.extract(
            joined,
            index.compacts,
            scorer=JaroWinkler.normalized_similarity,
            score_cutoff=0.85,
            limit=limit,
        )
        for name, similarity, _ in near:
            for form in index.by_compact[name]:
                _keep(found, Hit(form.entry, SCORES["resembling"] * similarity, Method.FUZZY))
    return _sorted(found.values())[:limit]


def _named(phrase: str, indexes: Iterable[Index], less: float) -> list[Hit]:
    """Hits for exactly these words; the first collection that has a name for them wins."""
    aliases: list[Hit] = []
    for index in indexes:
        forms = index.exactly(phrase)
        names = [form for form in forms if form.method is Method.EXACT]
        if names:
            return _unique(Hit(f.entry, SCORES["name"] - less, Method.EXACT) for f in names)
        aliases += [Hit(f.entry, SCORES["alias"] - less, Method.ALIAS) for f in forms]
    return _unique(aliases)


def _in_other_words(
    words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary
) -> list[Hit]:
    hits = [
        Hit(hit.entry, SCORES["synonym"], Method.ALIAS)
        for other in known.reworded(words)
        for hit in _named(other, indexes, 0.0)
    ]
    return _unique(hits)


def _of_a_container(
    words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary
) -> list[Hit]:
    """ "A can of tuna", "the milk carton"."""
    rests: list[tuple[str, ...]] = []
    if "of" in words:
        at = words.index("of")
        if at and words[at - 1] in known.containers:
            rests.append(words[at + 1 :])
    if len(words) > 1 and words[-1] in known.containers | known.trailing:
        rests.append(words[:-1])
    for rest in rests:
        hits = _named(" ".join(rest), indexes, 1.0 - SCORES["contained"]) if rest else []
        if hits:
            return hits
    return []


def _turned_round(words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary) -> list[Hit]:
    """ "The shelf with the towels", "the third table", "dairy" for dairy products."""
    others: list[tuple[str, ...]] = []
    for at in range(1, len(words) - 1):
        if words[at] in ("of", "with", "for"):
            others.append(words[at + 1 :] + words[:at])
    if len(words) > 1 and words[0] in _ORDINALS:
        others.append((*words[1:], _ORDINALS[words[0]]))
    less = 1 - SCORES["contained"]
    hits = [hit for other in others for hit in _named(" ".join(other), indexes, less)]
    kinds = (" ".join((*words, word)) for word in known.trailing)
    hits += [
        hit
        for kind in kinds
        for hit in _named(kind, indexes, less)
        if hit.entry.kind is EntityKind.CATEGORY
    ]
    return _unique(hits)


def _described(words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary) -> list[Hit]:
    """A name behind words that only describe: "the cold cola"."""
    plain_words = known.describing | known.colours
    begin = 0
    while begin < len(words) - 1 and _describes(words[begin], plain_words):
        begin += 1
    if begin == 0:
        return []
    rest = words[begin:]
    hits = _named(" ".join(rest), indexes, 1.0 - SCORES["described"])
    hits = hits or _in_other_words(rest, indexes, known) or _by_head(rest, indexes)
    colours = known.colours & set(words[:begin])
    return [hit for hit in hits if not _of_other_colour(hit, colours, known)]


def _of_other_colour(hit: Hit, colours: frozenset[str], known: Vocabulary) -> bool:
    """White wine is no red wine, even where "wine" alone means the red one."""
    own = known.colours & set(tokens(hit.entry.name))
    return bool(colours and own and not colours & own)


def _describes(word: str, plain_words: frozenset[str]) -> bool:
    superlative = len(word) > 5 and word.endswith("est")
    return word in plain_words or word.isdigit() or superlative


def _by_head(words: tuple[str, ...], indexes: Sequence[Index]) -> list[Hit]:
    """Longer names that end in these words: "table" may be the kitchen table, or table 2."""
    hits: list[Hit] = []
    for index in indexes:
        for form in index.by_head.get(words[-1], ()) if words else ():
            longer = len(form.words) > len(words)
            ends = unnumbered(form.words)[-len(words) :] == words
            if longer and ends and form.method is Method.EXACT:
                hits.append(Hit(form.entry, SCORES["head"], Method.HEAD))
    return _unique(hits)


def _by_head_in_other_words(
    words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary
) -> list[Hit]:
    """ "Worktop" as the kitchen counter."""
    hits = [hit for other in known.reworded(words) for hit in _by_head(tokens(other), indexes)]
    return _unique(hits)


def _packed(words: tuple[str, ...], indexes: Sequence[Index]) -> list[Hit]:
    """ "Mustard" where the arena says mustard bottle; a wine glass is no wine."""
    hits = [
        hit
        for packing in _PACKINGS
        for hit in _named(" ".join((*words, packing)), indexes, 1 - SCORES["contained"])
    ]
    return _unique(hits)


def _keep(found: dict[str, Hit], hit: Hit) -> None:
    before = found.get(hit.entry.id)
    if before is None or before.score < hit.score:
        found[hit.entry.id] = hit


def _unique(hits: Iterable[Hit]) -> list[Hit]:
    found: dict[str, Hit] = {}
    for hit in hits:
        _keep(found, hit)
    return _sorted(found.values())


def _sorted(hits: Iterable[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: -hit.score)
