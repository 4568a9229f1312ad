"""What speaks for an entry being meant by some words, from the strongest kind to the weakest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler, Levenshtein

from knowledge_base.entry import Entry
from knowledge_base.index import Index
from knowledge_base.vocabulary import Vocabulary, vocabulary
from knowledge_base.words import compact, sound, tokens
from schemas.grounding import Method


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

SPELLING = 0.88
"""Least Levenshtein similarity that is a misspelling: "bandana" is none of "banana" (0.86)."""

SOUNDALIKE = 0.55
"""Least similarity of spelling for phrases of the same sound."""

RESEMBLING = 0.6
"""Least similarity of spelling worth asking about."""

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
        _described(words, indexes, known),
        _by_head(words, indexes),
    ):
        if hits:
            return hits
    return []


def by_spelling(phrase: str, indexes: Sequence[Index]) -> list[Hit]:
    """Entries whose name or alias is spelled or sounds like the words."""
    joined, heard = compact(phrase), sound(phrase)
    found: dict[str, Hit] = {}
    for index in indexes:
        alike = {
            form: Levenshtein.normalized_similarity(joined, "".join(form.words))
            for form in index.by_sound.get(heard, ())
        }
        for form, similarity in alike.items():
            if similarity >= SOUNDALIKE and heard:
                _keep(found, Hit(form.entry, SCORES["sound"], Method.PHONETIC))
        if len(joined) <= SHORT:
            continue
        for near, similarity, _ in process.extract(
            joined,
            index.compacts,
            scorer=Levenshtein.normalized_similarity,
            score_cutoff=SPELLING,
            limit=5,
        ):
            for form in index.by_compact[near]:
                score = SCORES["spelling"] * similarity / SPELLING if similarity < 1 else 1.0
                _keep(found, Hit(form.entry, min(score, 0.95), Method.FUZZY))
    return _sorted(found.values())


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


def _described(words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary) -> list[Hit]:
    """A name behind words that only describe: "the cold cola"."""
    plain = known.describing | known.colours
    begin = 0
    while begin < len(words) - 1 and words[begin] in plain:
        begin += 1
    if begin == 0:
        return []
    rest = words[begin:]
    hits = _named(" ".join(rest), indexes, 1.0 - SCORES["described"])
    return hits or _in_other_words(rest, indexes, known)


def _by_head(words: tuple[str, ...], indexes: Sequence[Index]) -> list[Hit]:
    """Longer names that end in these words: "table" may be the kitchen table."""
    hits: list[Hit] = []
    for index in indexes:
        for form in index.by_head.get(words[-1], ()) if words else ():
            longer = len(form.words) > len(words)
            if longer and form.words[-len(words) :] == words and form.method is Method.EXACT:
                hits.append(Hit(form.entry, SCORES["head"], Method.HEAD))
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
