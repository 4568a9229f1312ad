"""One sample's world: the entities its sentence names, each in a form that suits the sentence."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from training.generator.entities import Lexicon, choose
from training.generator.grammar import Grammar
from training.generator.mentions import OPENINGS, Said, mark
from training.generator.resources import table

ROOM_HEADS = "room hall lounge lab area office wing corner zone suite chamber deck studio".split()
ROOM_NUMBERS = "one two three four five six ten twelve 1 2 3 4 12 101 204 a b c".split()
PLACE_NUMBERS = "one two three four five six seven nine 1 2 3 4 12 a b".split()
_NUMBERS = frozenset((*ROOM_NUMBERS, *PLACE_NUMBERS))
KIND_HEADS = "product thing object good tool supply part kit device food drink item".split()
PLACE_HEADS = (
    "table shelf rack stand cabinet box counter bin desk machine tray drawer bench".split()
)


@dataclass
class World:
    """Chooses entities so that none is named twice, and numbers their mentions."""

    rng: random.Random
    lexicon: Lexicon
    grammar: Grammar
    used: set[str] = field(default_factory=set)
    mentions: int = 0
    source: str = ""
    last_word: str = ""
    """The open word named last, which the next may resemble."""

    def __post_init__(self) -> None:
        m = self.lexicon.mixture
        names, shares = (
            ("arena", "listed", "dictionary", "coined"),
            (m.arena, m.listed, m.dictionary, m.coined),
        )
        self.source = self.rng.choices(names, shares)[0]

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return self.rng.random() < share

    def say(self, text: str, **bindings: object) -> str:
        """One wording of a phrase."""
        return self.grammar.expand(text, self.rng, bindings)

    def mention(self, words: str) -> tuple[Said, str]:
        """A slot value and the marked words it will be read from."""
        said = Said(self.mentions, words)
        self.mentions += 1
        return said, mark(said.mention, words)

    def _pick(
        self, arena: Sequence[str], listed: Sequence[str], make: Callable[[bool], str]
    ) -> str:
        name = ""
        for _ in range(20):
            source = self.source
            if self.chance(0.15):
                source = choose(self.rng, ("arena", "listed", "dictionary", "coined"))
            if source == "arena" and self.lexicon.split != "unseen_entities":
                name = choose(self.rng, arena)
            elif source in ("arena", "listed") and self.chance(0.85):
                name = choose(self.rng, listed or arena)
            else:
                name = make(source == "coined" or (source != "dictionary" and self.chance(0.5)))
            if name not in self.used:
                break
        self.used.add(name)
        return name

    def _word(self, coined: bool) -> str:
        """An open word, now and then one that is easily taken for the one before."""
        lex = self.lexicon
        if self.last_word and self.chance(0.1):
            self.last_word = lex.like(self.rng, self.last_word, coined)
        else:
            self.last_word = lex.word(self.rng, coined)
        return self.last_word

    def _before(self, adjectives: Sequence[str], coined: bool) -> str:
        """The first of three words."""
        return self._word(coined) if self.chance(0.6) else str(choose(self.rng, adjectives))

    def name(self) -> str:
        """A person's name."""
        lex = self.lexicon

        def make(coined: bool) -> str:
            if coined:
                return lex.coin(self.rng).capitalize()
            first: str = choose(self.rng, lex.names)
            if self.chance(0.03):
                return _accented(self.rng, first)
            if self.chance(0.04):
                second: str = choose(self.rng, lex.names)
                return f"{first}-{second if self.chance(0.5) else second.lower()}"
            return f"{first} {choose(self.rng, lex.names)}" if self.chance(0.08) else first

        return self._pick(lex.arena.people, lex.people, make)

    def room(self) -> str:
        """A room's name."""
        lex, rng = self.lexicon, self.rng

        def make(coined: bool) -> str:
            word = self._word(coined)
            form = rng.random()
            if form < 0.40:
                return word
            if form < 0.67:
                return f"{word} {choose(rng, ROOM_HEADS)}"
            if form < 0.73:
                return f"{choose(rng, ROOM_HEADS)} {choose(rng, ROOM_NUMBERS)}"
            if form < 0.81:
                return f"{word} {self._word(coined)}"
            if form < 0.87:
                return (
                    f"{self._before(lex.place_adjectives, coined)} {word} {choose(rng, ROOM_HEADS)}"
                )
            if form < 0.92:
                return f"{self._owner(word)}'s {choose(rng, ROOM_HEADS)}"
            if form < 0.935:
                return f"{word} and {self._word(coined)} {choose(rng, ROOM_HEADS)}"
            return f"{choose(rng, lex.place_adjectives)} {choose(rng, lex.rooms)}"

        return self._one_of_several(self._pick(lex.arena.rooms, lex.rooms, make), ROOM_NUMBERS)

    def _one_of_several(self, place: str, numbers: Sequence[str]) -> str:
        """Now and then one of several: "exam room two"."""
        if not self.chance(0.02) or numbered(place):
            return place
        return f"{place} {choose(self.rng, numbers)}"

    def location(self, placement: bool = False) -> str:
        """A piece of furniture; as a placement, one that holds things."""
        lex, rng = self.lexicon, self.rng
        listed = lex.placements if placement else lex.locations

        def make(coined: bool) -> str:
            word = self._word(coined)
            form = rng.random()
            if form < 0.38:
                return word
            if form < 0.59:
                return f"{word} {choose(rng, PLACE_HEADS)}"
            if form < 0.67:
                return f"{choose(rng, lex.place_adjectives)} {word}"
            if form < 0.71:
                return f"{choose(rng, PLACE_HEADS)} {choose(rng, PLACE_NUMBERS)}"
            if form < 0.79:
                return f"{word} {self._word(coined)}"
            if form < 0.87:
                return f"{self._before(lex.place_adjectives, coined)} {word} {choose(rng, PLACE_HEADS)}"  # noqa: E501
            if form < 0.92:
                thing = choose(rng, PLACE_HEADS) if self.chance(0.5) else choose(rng, listed)
                return f"{self._owner(word)}'s {thing}"
            if form < 0.935:
                return f"{word} and {self._word(coined)} {choose(rng, PLACE_HEADS)}"
            return f"{choose(rng, lex.place_adjectives)} {choose(rng, listed)}"

        arena = lex.arena.placements if placement else lex.arena.locations
        name = self._one_of_several(self._pick(arena, listed, make), PLACE_NUMBERS)
        # Furniture may be told apart by its room, which then belongs to the place's name.
        return f"{name} in the {self._plain_room()}" if self.chance(0.08) else name

    def _owner(self, word: str) -> str:
        """Whose a place is: a role's, a name's, or an open word's."""
        draw = self.rng.random()
        if draw < 0.4:
            return self.say("{head_roles}")
        return str(choose(self.rng, self.lexicon.names)) if draw < 0.6 else word

    def _plain_room(self) -> str:
        lex, rng = self.lexicon, self.rng
        if self.source in ("arena", "listed") or self.chance(0.5):
            return str(choose(rng, lex.rooms + lex.arena.rooms))
        word = self._word(self.source == "coined")
        return word if self.chance(0.5) else f"{word} {choose(rng, ROOM_HEADS)}"

    def place_name(self) -> str:
        """A room's name, or a piece of furniture's."""
        return self.room() if self.chance(0.5) else self.location()

    def object_name(self) -> str:
        """A thing one can carry."""
        lex, rng = self.lexicon, self.rng

        def make(coined: bool) -> str:
            word = self._word(coined)
            form = rng.random()
            if form < 0.36:
                return word
            if form < 0.38:
                return _labelled(rng, word)
            if form < 0.43:
                return _joined(rng, word, lex.word(rng, coined))
            if form < 0.57:
                return f"{word} {choose(rng, lex.object_heads)}"
            if form < 0.68:
                return f"{choose(rng, lex.object_adjectives)} {word}"
            if form < 0.76:
                return f"{word} {self._word(coined)}"
            if form < 0.82:
                return f"{self._before(lex.object_adjectives, coined)} {word} {choose(rng, lex.object_heads)}"  # noqa: E501
            if form < 0.89:
                return f"{choose(rng, 'box bottle can bag pack jar cup bowl piece glass bar'.split())} of {word}"  # noqa: E501
            return f"{choose(rng, lex.object_adjectives)} {choose(rng, lex.objects)}"

        return self._pick(lex.arena.objects, lex.objects, make)

    def category(self) -> tuple[str, str]:
        """Singular and plural of a category."""
        lex = self.lexicon
        if self.source == "arena" and lex.split != "unseen_entities":
            return choose(self.rng, lex.arena.categories)  # type: ignore[no-any-return]
        if self.chance(0.5) or self.source == "arena":
            return choose(self.rng, lex.categories)  # type: ignore[no-any-return]
        word = self._word(self.source == "coined")
        if self.chance(0.25):
            word += " " + choose(self.rng, KIND_HEADS)
        return word, plural(word)

    def outfit(self) -> tuple[str, tuple[str, str]]:
        """A colour and a garment in singular and plural."""
        lex, rng = self.lexicon, self.rng
        if self.source == "arena" or self.chance(0.35):
            return choose(rng, lex.arena.colors), choose(rng, lex.arena.clothes)
        word = lex.word(rng, self.source == "coined")
        garment = (word, plural(word)) if self.chance(0.25) else choose(rng, lex.clothes)
        return (lex.word(rng, False) if self.chance(0.08) else choose(rng, lex.colors)), garment

    def topic(self) -> tuple[Said | str, str]:
        """A topic's canonical value, or the speaker's words but the article, and how it is put."""
        if self.source == "arena" or self.chance(0.72):
            canonical = choose(self.rng, _TOPICS)
            return canonical, self.say(f"{{{topic_rule(canonical)}}}")
        words: str = choose(self.rng, self.lexicon.topics)
        for head in ("a ", "an ", "the ", "that "):
            if words.startswith(head):
                said, marked = self.mention(words.removeprefix(head))
                return said, head + marked
        return self.mention(words)


_ACCENTS = {
    "a": "áàâãäå", "e": "éèêëę", "i": "íîï", "o": "óôöõø", "u": "úùûü", "n": "ñń", "c": "çćč",
    "s": "šśş", "z": "žż", "l": "ł", "y": "ý", "r": "ř", "g": "ğ",
}  # fmt: skip


def _accented(rng: random.Random, name: str) -> str:
    """A name as other languages spell it."""
    fit = [at for at, letter in enumerate(name) if letter in _ACCENTS]
    for at in rng.sample(fit, min(len(fit), rng.choice((1, 1, 1, 2)))):
        name = name[:at] + rng.choice(_ACCENTS[name[at]]) + name[at + 1 :]
    return name


def numbered(place: str) -> bool:
    """Whether a place is told apart by a number or letter behind it."""
    return place.split()[-1] in _NUMBERS


def _labelled(rng: random.Random, word: str) -> str:
    """A thing told apart by number or letter: "size 8 shoe", "number 2 pencil", "type c cable"."""
    label = rng.choice(("number", "size", "type", "grade", "no."))
    which = rng.choice("abcx") if label == "type" else str(rng.randint(1, 60))
    return f"{word} {label} {which}" if rng.random() < 0.3 else f"{label} {which} {word}"


def _joined(rng: random.Random, one: str, two: str) -> str:
    """Spellings of brands: coca-cola, cheez-it, 7up, farmer's choice."""
    form = rng.random()
    if form < 0.6:
        return f"{one}-{two[: rng.choice((2, 3, 9, 9))]}"
    return f"{rng.randint(1, 9)}{one[:3]}" if form < 0.7 else f"{one}'s {two}"


_TOPICS = tuple(table("topics"))


def topic_rule(canonical: str) -> str:
    """The rule that words a topic."""
    return "topic_" + canonical.replace(" ", "_")


def plural(word: str) -> str:
    """The regular English plural; a word that looks like one stays."""
    if word.endswith(("ies", "shes", "ches", "xes", "sses")):
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word + "s"


def article(words: str) -> str:
    """The words after "a" or "an"."""
    first = words.lstrip(OPENINGS)[:1].lower()
    return f"an {words}" if first in "aeiou" else f"a {words}"
