"""The words that fill the slots: an arena's, open lists, a dictionary's, and words made up.

Whoever trains for an arena of their own gives its words first place; the rest teaches the model
to copy words it has never seen.
"""

from __future__ import annotations

import random
import re
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from training.generator.resources import lines, table
from training.generator.splits import Split, word_held_out, words_of


class ArenaError(ValueError):
    """An arena's folder or file cannot be read."""


@dataclass(frozen=True)
class Arena:
    """The names a team's world has."""

    people: tuple[str, ...]
    rooms: tuple[str, ...]
    locations: tuple[str, ...]
    placements: tuple[str, ...]
    objects: tuple[str, ...]
    categories: tuple[tuple[str, str], ...]
    colors: tuple[str, ...]
    clothes: tuple[tuple[str, str], ...]

    @classmethod
    def default(cls) -> Arena:
        """The public RoboCup@Home competition template."""
        return cls.from_table(table("arena"))

    @classmethod
    def from_table(cls, loaded: dict[str, Any]) -> Arena:
        """An arena from a mapping with the fields' names; colours and clothes may be left out."""
        base = table("arena")
        try:
            return cls(
                people=tuple(loaded["people"]),
                rooms=tuple(loaded["rooms"]),
                locations=tuple(loaded["locations"]),
                placements=tuple(loaded["placements"]),
                objects=tuple(loaded["objects"]),
                categories=tuple(loaded["categories"].items()),
                colors=tuple(loaded.get("colors", base["colors"])),
                clothes=tuple(loaded.get("clothes", base["clothes"]).items()),
            )
        except (KeyError, AttributeError, TypeError) as error:
            raise ArenaError(
                f"the arena lacks {error}; see training/README.md for its form"
            ) from error

    @classmethod
    def read(cls, path: Path) -> Arena:
        """A YAML file of ours, or a folder in the form of RoboCup's CompetitionTemplate.

        Raises:
            ArenaError: the file is missing or not in either form.
        """
        if path.is_dir():
            return cls._from_markdown(path)
        try:
            loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise ArenaError(f"cannot read the arena {path}: {error}") from error
        if not isinstance(loaded, dict):
            raise ArenaError(f"the arena {path} is not a mapping of lists")
        return cls.from_table(loaded)

    @classmethod
    def _from_markdown(cls, folder: Path) -> Arena:
        def rows(relative: str) -> list[str]:
            found = sorted(folder.rglob(relative))
            if not found:
                raise ArenaError(f"no {relative} under {folder}")
            return found[0].read_text(encoding="utf-8").splitlines()

        def cells(relative: str) -> list[str]:
            pattern = re.compile(r"^\|\s*(?:\d+\s*\|)?\s*([A-Za-z][^|]*?)\s*\|")
            found = [m[1] for row in rows(relative) if (m := pattern.match(row))]
            return [_plain(x) for x in found[1:]]

        placed = cells("location_names.md")
        objects, categories = _objects(rows("objects.md"))
        locations = tuple(re.sub(r"\s*\(p\)", "", x) for x in placed)
        return cls(
            people=tuple(x.title() for x in cells("names.md")),
            rooms=tuple(re.sub(r"\s*\(.*\)", "", x) for x in cells("room_names.md")),
            locations=locations,
            placements=tuple(re.sub(r"\s*\(p\)", "", x) for x in placed if "(p)" in x) or locations,
            objects=objects,
            categories=categories,
            colors=tuple(table("arena")["colors"]),
            clothes=tuple(table("arena")["clothes"].items()),
        )


def _plain(name: str) -> str:
    return name.replace("_", " ").strip().lower()


def _objects(rows: list[str]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    heading = re.compile(r"^# Class \s*(.+?)\s*\(([^)]+)\)")
    row = re.compile(r"^\|\s*([A-Za-z][\w' -]*?)\s*\|")
    categories = [(_plain(m[2]), _plain(m[1])) for r in rows if (m := heading.match(r))]
    names = [_plain(m[1]) for r in rows if (m := row.match(r)) and m[1].lower() != "objectname"]
    if not names:
        raise ArenaError("objects.md holds no table of objects")
    return tuple(names), tuple(categories)


SYLLABLES = (
    "ba be bi bo bu da de di do du fa fe fi ga go gu ka ke ki ko la le li lo lu ma me mi mo mu na "
    "ne ni no nu pa pe pi po ra re ri ro ru sa se si so su ta te ti to tu va vi vo za ze zi zo cha "
    "sho thra kri plo stra bren flo dro qua xa wen jor mar lin tor gan bel dax nix vor yel har vex "
    "jib oz quib wim snar glo fri bru kly tam hul yaz nev pim dra zuk cro wob lef ja ju jo ky wy "
    "ph rhe sch tch ow ee oo ai our ent ack isk elm orn usk"
).split()
ENDINGS = (
    *("", "", "", "", "n", "r", "s", "x", "lo", "ra", "ny", "ster", "bit", "ix", "ol", "us"),
    *("ia", "eo", "er", "y", "zy", "max", "o", "in", "an", "elle", "ette", "ton", "ling", "dle"),
)


SUFFIXES = "ment ness tion ist ism able ward ship ling er ery let hood age ette craft".split()
LONGEST_COINED = 14
_VERB = re.compile(r"(?:\d+x )?!?([a-z]+) _")


@dataclass(frozen=True)
class Mixture:
    """How often an entity comes from where; the shares need not add up to one."""

    arena: float = 0.26
    listed: float = 0.21
    dictionary: float = 0.32
    coined: float = 0.21


class Lexicon:
    """Everything a split may name, and how to choose from it."""

    def __init__(self, arena: Arena, split: Split, mixture: Mixture) -> None:
        listed = table("open")
        taken = {
            w for kind in ("people", "rooms", "locations", "objects") for w in getattr(arena, kind)
        }

        def keep(kind: str) -> tuple[str, ...]:
            return words_of(split, [w for w in listed[kind] if w not in taken])

        self.arena, self.split, self.mixture = arena, split, mixture
        self.people, self.rooms, self.locations = keep("people"), keep("rooms"), keep("locations")
        self.placements, self.objects = keep("placements"), keep("objects")
        self.categories = tuple(
            (one, many)
            for one, many in listed["categories"].items()
            if word_held_out(one) is (split is Split.UNSEEN_ENTITIES)
        )
        self.colors, self.clothes = tuple(listed["colors"]), tuple(listed["clothes"].items())
        self.topics: tuple[str, ...] = tuple(listed["topics"])
        self.uncountable = frozenset(listed["uncountable"])
        self.words = words_of(split, lines("words"))
        self.verbs = _verbs(self.words)
        self.names = words_of(split, lines("names"))
        self.object_adjectives: list[str] = listed["object_adjectives"]
        self.place_adjectives: list[str] = listed["place_adjectives"]
        self.object_heads: list[str] = listed["object_heads"]

    def coin(self, rng: random.Random) -> str:
        """A word nobody has heard: parts of real ones, or syllables."""
        for _ in range(20):
            form = rng.random()
            one: str = choose(rng, self.words)
            if form < 0.40:
                two: str = choose(rng, self.words)
                word = one[: rng.randint(2, 6)] + two[-rng.randint(2, 6) :]
            elif form < 0.52:
                word = one + choose(rng, SUFFIXES)
            else:
                word = "".join(rng.choices(SYLLABLES, k=choose(rng, (1, 2, 2, 2, 3, 4))))
                word += choose(rng, ENDINGS)
            if self._may_coin(word):
                return word
        return one

    def _may_coin(self, word: str) -> bool:
        return 3 <= len(word) <= LONGEST_COINED and word_held_out(word) is (
            self.split is Split.UNSEEN_ENTITIES
        )

    def word(self, rng: random.Random, coined: bool) -> str:
        """A dictionary's word or a coined one; long ones and verbs more often than they occur."""
        if coined:
            return self.coin(rng)
        draw = rng.random()
        if draw < 0.09 and self.verbs:
            return str(choose(rng, self.verbs))
        one, two = choose(rng, self.words), choose(rng, self.words)
        return str(max(one, two, key=len) if draw < 0.35 else one)

    def like(self, rng: random.Random, word: str, coined: bool) -> str:
        """A word easily taken for that one: its neighbour in the dictionary, or one letter off."""
        if not coined:
            at = bisect(self.words, word) + int(choose(rng, (-3, -2, 0, 1)))
            return self.words[at % len(self.words)]
        for _ in range(5):
            at = rng.randrange(len(word))
            other = word[:at] + str(choose(rng, "abcdefghilmnoprstuvw")) + word[at + 1 :]
            if other != word and self._may_coin(other):
                return other
        return self.coin(rng)


def _verbs(words: Sequence[str]) -> tuple[str, ...]:
    """Nouns that sentences also use as verbs: "the declare", "an iron"."""
    missing = table("declines")["missing_verbs"].values()
    spoken = {str(verb).split(" ")[0] for verbs in missing for verb in verbs}
    for alternatives in table("phrases").values():
        spoken |= {found[1] for text in alternatives if (found := _VERB.match(str(text)))}
    return tuple(w for w in words if w in spoken and len(w) > 2)


def choose(rng: random.Random, options: Sequence[Any]) -> Any:
    """One of the options; quicker than ``Random.choice``."""
    return options[int(rng.random() * len(options))]
