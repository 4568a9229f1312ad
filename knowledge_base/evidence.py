"""What speaks for an entry being meant by some words, from the strongest kind to the weakest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from knowledge_base.entry import Entry
from knowledge_base.heard import Heard, candidates, probability
from knowledge_base.index import Index
from knowledge_base.phonetics import likeness
from knowledge_base.thesaurus import thesaurus
from knowledge_base.vocabulary import Vocabulary, vocabulary
from knowledge_base.words import compact, tokens, unnumbered
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
    "synonym of an alias": 0.87,
    "contained": 0.92,
    "described": 0.9,
    "head": 0.88,
    "kind": 0.9,
    "thesaurus": 0.87,
    "stand-in": 0.84,
    "heard": 0.98,
    "modifier": 0.6,
    "resembling": 0.5,
}
"""How sure each kind of evidence is; 0.8 and more is enough to act on."""

WORTH_NAMING = 0.3
"""Least probability of a misspelling or mishearing that a question may offer."""

_PACKINGS = "can tin bottle box bag pack packet carton jar tube".split()

_PACKED = (EntityKind.OBJECT, EntityKind.CATEGORY)

_ORDINALS = {
    word: str(number) for number, word in enumerate("first second third fourth fifth".split(), 1)
}


def by_words(phrase: str, indexes: Sequence[Index]) -> list[Hit]:
    """Entries the words name, directly or in other words; the best kind of evidence alone."""
    named = _named(phrase, indexes, 0.0)
    if named:
        return named
    known = vocabulary()
    words = tokens(phrase)
    by_head = _by_head(words, indexes)
    rules: tuple[Callable[[], list[Hit]], ...] = (
        lambda: by_head if len(by_head) > 1 else [],  # a towel may be any of several towels
        lambda: _in_other_words(words, indexes, known),
        lambda: _of_a_container(words, indexes, known),
        lambda: _turned_round(words, indexes, known),
        lambda: _described(words, indexes, known),
        lambda: by_head,
        lambda: _by_head_in_other_words(words, indexes, known),
        lambda: _packed(words, indexes),
        lambda: _by_thesaurus(words, indexes),
        lambda: _in_other_words_twice(words, indexes, known),
        lambda: _by_what_stands_in(words, indexes, known),
    )
    return next((hits for rule in rules if (hits := rule())), [])


def of_a_kind(phrase: str, objects: Index) -> tuple[str, list[Entry]] | None:
    """The kind of things that the words name, and the objects known to belong to it."""
    words, kinds = tokens(phrase), vocabulary().kinds
    kind = kinds.get(" ".join(words)) or kinds.get(" ".join(_undescribed(words)))
    if kind is None:
        return None
    name, members = kind
    found: dict[str, Entry] = {}
    for member in sorted(members):
        forms = [*objects.by_key.get(member, ()), *objects.by_head.get(member, ())]
        forms += [f for pack in _PACKINGS for f in objects.by_key.get(f"{member} {pack}", ())]
        found |= {form.entry.id: form.entry for form in forms if form.method is Method.EXACT}
    return (name, list(found.values())) if found else None


def _undescribed(words: tuple[str, ...]) -> tuple[str, ...]:
    known = vocabulary()
    while len(words) > 1 and _describes(words[0], known.describing | known.colours):
        words = words[1:]
    if "of" in words[1:-1] and words[words.index("of") - 1] in known.containers:
        words = words[words.index("of") + 1 :]
    return words[:-1] if len(words) > 1 and words[-1] in known.trailing else words


def by_spelling(phrase: str, indexes: Sequence[Index]) -> list[Hit]:
    """Entries whose name or alias is spelled or sounds like the words; scored by probability."""
    heard = [Heard.of(phrase)]
    whole = Heard.of(phrase, whole=True)
    if whole != heard[0]:
        heard.append(whole)
    found = [hit for index in indexes for one in heard for hit in _heard_as(one, index)]
    return best_first(hit for hit in found if hit.score >= WORTH_NAMING)


def _heard_as(heard: Heard, index: Index) -> Iterator[Hit]:
    for form in candidates(heard, index):
        near = OSA.normalized_similarity(heard.letters, form.letters)
        method = Method.FUZZY if near >= likeness(heard.sounds, form.sounds) else Method.PHONETIC
        yield Hit(form.entry, min(SCORES["heard"], probability(heard, form)), method)


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
            return best_first(Hit(f.entry, SCORES["name"] - less, Method.EXACT) for f in names)
        aliases += [Hit(f.entry, SCORES["alias"] - less, Method.ALIAS) for f in forms]
    return best_first(aliases)


def _in_other_words(
    words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary
) -> list[Hit]:
    """Synonyms of a name, and less surely those of an alias."""
    found = [hit for other in known.reworded(words) for hit in _named(other, indexes, 0.0)]
    scores = {Method.EXACT: SCORES["synonym"], Method.ALIAS: SCORES["synonym of an alias"]}
    return best_first(Hit(hit.entry, scores[hit.method], Method.ALIAS) for hit in found)


def _in_other_words_twice(
    words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary
) -> list[Hit]:
    """ "Rubbish basket" as the trash bin, "dining plate" as the dinner plate that is a plate."""
    if len(words) != 2:
        return []
    first, last = words
    once = [(other, last) for other in known.reworded((first,))]
    once += [(first, other) for other in known.reworded((last,))]
    twice = {other for pair in once for other in known.reworded(tokens(" ".join(pair)))}
    hits = [hit for other in twice for hit in _named(other, indexes, 0.0)]
    return best_first(Hit(hit.entry, SCORES["stand-in"], Method.ALIAS) for hit in hits)


def _by_thesaurus(words: tuple[str, ...], indexes: Sequence[Index]) -> list[Hit]:
    """Synonyms of the whole phrase, or of its last words, by the thesaurus."""
    known = thesaurus()
    for begin in range(len(words)):
        others = known.synonyms(" ".join(words[begin:]))
        named = (" ".join((*words[:begin], other)) for other in others)
        hits = [hit for name in named for hit in _named(name, indexes, 0.0)]
        if hits:
            return best_first(Hit(hit.entry, SCORES["thesaurus"], Method.ALIAS) for hit in hits)
    return []


def _by_what_stands_in(
    words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary
) -> list[Hit]:
    """ "Mug" where the robot knows a cup and no mug."""
    hits = [hit for other in known.nearly(words) for hit in _named(other, indexes, 0.0)]
    return best_first(Hit(hit.entry, SCORES["stand-in"], Method.ALIAS) for hit in hits)


def _of_a_container(
    words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary
) -> list[Hit]:
    """ "A can of tuna", "the milk carton"."""
    rests: list[tuple[str, ...]] = []
    if "of" in words:
        at = words.index("of")
        if at and words[at - 1] in known.containers:
            rests.append(words[at + 1 :])
    if len(words) > 1 and words[-1] in known.trailing.union(_PACKINGS):
        rests.append(words[:-1])
    for rest in rests:
        hits = _named(" ".join(rest), indexes, 1.0 - SCORES["contained"]) if rest else []
        hits = hits or _in_other_words(rest, indexes, known)
        if words[-1] in _PACKINGS:  # places come in no tubes
            hits = [hit for hit in hits if hit.entry.kind in _PACKED]
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
    return best_first(hits)


def _described(words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary) -> list[Hit]:
    """A name behind words that only describe: "the cold cola"."""
    plain_words = known.describing | known.colours
    begin = 0
    while begin < len(words) - 1 and _describes(words[begin], plain_words):
        begin += 1
    if begin == 0 or " ".join(words) in thesaurus().sense:  # green tea is a tea of its own
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
    return best_first(hits)


def _by_head_in_other_words(
    words: tuple[str, ...], indexes: Sequence[Index], known: Vocabulary
) -> list[Hit]:
    """ "Worktop" as the kitchen counter."""
    hits = [hit for other in known.reworded(words) for hit in _by_head(tokens(other), indexes)]
    return best_first(hits)


def _packed(words: tuple[str, ...], indexes: Sequence[Index]) -> list[Hit]:
    """ "Mustard" where the arena says mustard bottle; a wine glass is no wine."""
    hits = [
        hit
        for packing in _PACKINGS
        for hit in _named(" ".join((*words, packing)), indexes, 1 - SCORES["contained"])
    ]
    return best_first(hits)


def _keep(found: dict[str, Hit], hit: Hit) -> None:
    before = found.get(hit.entry.id)
    if before is None or before.score < hit.score:
        found[hit.entry.id] = hit


def best_first(hits: Iterable[Hit]) -> list[Hit]:
    """Each entry once, with its best evidence; the strongest first."""
    found: dict[str, Hit] = {}
    for hit in hits:
        _keep(found, hit)
    return _sorted(found.values())


def _sorted(hits: Iterable[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: -hit.score)
