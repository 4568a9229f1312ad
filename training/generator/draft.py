"""A sentence and its plan before the sentence is styled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from schemas.commands import FindPersonByName
from training.generator.entities import choose
from training.generator.grammar import Grammar, weigh
from training.generator.mentions import Said, clean
from training.generator.people import DESCRIPTIONS, SIDES, Person, person
from training.generator.places import Kind, Place
from training.generator.plan import Step
from training.generator.resources import table
from training.generator.splits import Split, template_held_out
from training.generator.things import Thing
from training.generator.world import World, article, topic_rule


@dataclass(frozen=True, slots=True)
class Draft:
    """What is said, with marks, and the steps it asks for."""

    text: str
    steps: Sequence[Step]


class Lazy:
    """A phrase that is worded anew whenever a sentence uses it."""

    __slots__ = ("scope", "text", "world")

    def __init__(self, world: World, text: str, scope: Mapping[str, Any]) -> None:
        self.world, self.text, self.scope = world, text, scope

    def __str__(self) -> str:
        return self.world.say(self.text, **self.scope)


class Drawn:
    """A word of the world, drawn where a sentence uses it."""

    __slots__ = ("draw",)

    def __init__(self, draw: Callable[[], object]) -> None:
        self.draw = draw

    def __str__(self) -> str:
        return str(self.draw())


class It:
    """The pronoun of a thing, or now and then the thing again."""

    __slots__ = ("thing",)

    def __init__(self, thing: Thing) -> None:
        self.thing = thing

    def __str__(self) -> str:
        return self.thing.it


def acquaintance(world: World) -> Lazy:
    """Somebody the speaker knows, each time another."""
    return Lazy(world, "[my {head_relations}*3|{N}|the kids]", {"N": Drawn(world.name)})


def describing(world: World, person: Person, place: Place | None) -> dict[str, Any]:
    """The bindings of a person at a place."""
    scope: dict[str, Any] = {"X": person, "IT": "it", "X_s": person.owner}
    scope["BY"] = acquaintance(world)
    if place is not None and place.kind is Kind.ROOM and person.value == "lying person":
        place = replace(place, floor=True)
    if place is not None:
        scope["S"] = place
    anyone = "[{X}*9|whoever is|whoever you find]" if not (person.named or person.value) else "{X}"
    scope["XS"] = Lazy(world, f"{anyone} {{S.at}}" if place is not None else "{X}", scope)
    if place is not None and person.tail and world.chance(0.2):
        scope["XS"] = Lazy(world, "{X.head} {S.at} {X.tail}", scope)
        scope["parted"] = True
    scope["PX"] = _of_place(world, person, place) if place is not None else str(person)
    scope["X_of_S_s"] = str(scope["PX"]).removeprefix("the ") + "'s"
    return scope


def _of_place(world: World, person: Person, place: Place) -> str:
    """ "The office's sitting person": the place hidden in a possessive."""
    of_none = " in the " in place.words or person.named
    if of_none or not person.noun.startswith(("the ", "a ", "an ")):
        return f"{person.noun} {place.at}"
    noun = person.noun.split(" ", 1)[1]
    form = world.rng.random()
    if form < 0.55:
        return f"{place.the}'s {noun}"
    if form < 0.8:
        return f"the {place.words} {noun}"
    return f"{person.noun} {place.at}"


def build_grammar() -> Grammar:
    """Every rule of the data files."""
    grammar = Grammar()
    for name, alternatives in table("phrases").items():
        grammar.add(name, map(str, alternatives))
    for canonical, alternatives in table("topics").items():
        grammar.add(topic_rule(canonical), map(str, alternatives))
    for name in ("neutral", "article", "bare", "gendered"):
        grammar.add(f"head_{name}", DESCRIPTIONS["heads"][name])
    for name in ("gendered_many", "roles", "relations", "everyone", "called", "fond", "titles"):
        grammar.add(f"head_{name}", DESCRIPTIONS["heads"][name])
    grammar.add("activity", DESCRIPTIONS["activities"])
    for pose, wording in DESCRIPTIONS["poses"].items():
        grammar.add(f"{pose}_before", wording["before"])
        grammar.add(f"{pose}_after", wording["after"])
    gestures = DESCRIPTIONS["gestures"]
    grammar.add("waving_before", gestures["waving"]["before"])
    grammar.add("waving_after", gestures["waving"]["after"])
    for kind in ("armed", "aimless"):
        grammar.add(f"{kind}_after", [t.replace("ARM", "{arm}") for t in gestures[kind]["after"]])
    for kind in ("raising", "pointing"):
        for side in SIDES:
            worded = [t.replace("SIDE", side) for t in gestures[kind]["after"]]
            grammar.add(f"{kind}_{side}_after", [t.replace("ARM", "{arm}") for t in worded])
    for name in ("arm", "wearing", "t_shirt"):
        grammar.add(name, DESCRIPTIONS[name])
    measures = table("superlatives")
    wordings = {k: v for k, v in measures.items() if isinstance(v, dict) and "before" in v}
    for measure, wording in wordings.items():
        for part in ("before", "clause", "packed"):
            grammar.add(f"{measure}_{part}", wording[part])
    grammar.add("measure_before", [f"{{{m}_before}}" for m in wordings])
    grammar.add("get_phrase", table("sentences")["get"])
    grammar.add("after_getting", table("sentences")["after_getting"])
    return grammar


@cache
def templates(group: str, split: Split, name: str = "sentences") -> tuple[str, ...]:
    """A group's sentence templates that a split may use, repeated by weight."""
    held_out: list[str] = []
    kept: list[str] = []
    for weighted in table(name)[group]:
        weight, text = weigh(str(weighted))
        (held_out if template_held_out(text) else kept).extend([text] * int(weight))
    if split is Split.UNSEEN_TEMPLATES:
        return tuple(held_out)
    return tuple(kept or held_out)


class NothingHeldOut(LookupError):
    """The group keeps no template back, so no unseen one can be drawn."""


def template(
    world: World, group: str, name: str = "sentences", having: re.Pattern[str] | None = None
) -> str:
    """One of the group's templates, of those that match where it is said what to match.

    Raises:
        NothingHeldOut: the split may use none of the group's, or none of those matches.
    """
    options: Sequence[str] = templates(group, world.lexicon.split, name)
    if having:
        options = [text for text in options if having.search(text)]
    if not options:
        raise NothingHeldOut(group)
    return str(choose(world.rng, options))


_THERE = re.compile(r"\{(\w+ )?X\} \{S\.at\}")


def parted(text: str, scope: Mapping[str, Any]) -> str:
    """The template with the place between the halves of the person, where they are to be parted."""
    return _THERE.sub(r"{\1XS}", text) if "parted" in scope else text


def sentence(world: World, group: str, scope: Mapping[str, Any]) -> str:
    """One sentence of the group."""
    return world.say(parted(template(world, group), scope), **scope)


def amended(world: World, text: str, meant: str, wrong: str = "") -> str:
    """The sentence, and behind it what was meant in place of what was said."""
    refused = "[*8|[not*2|forget|never mind] the {WRONG}, *4]" if wrong else ""
    return world.say(
        "{TEXT}{amend} " + refused + "{MEANT}[*6| please*2| instead*2| i mean*2| i meant]",
        TEXT=text.rstrip(" ."),
        WRONG=clean(wrong),
        MEANT=meant,
    )


def renamed(world: World, draft: Draft) -> Draft:
    """Now and then somebody else is meant after all, where one person is named."""
    named = {s.fields["name"] for s in draft.steps if s.command is FindPersonByName}
    if len(named) != 1 or not world.chance(0.012):
        return draft
    wrong = named.pop()
    other = person(world, "name")
    meant = world.say(
        "[to*2|with|not {WRONG} but|not {WRONG}, i meant|not {WRONG},|*5] {MEANT}",
        WRONG=wrong.fallback if isinstance(wrong, Said) else wrong,
        MEANT=str(other),
    )
    text = amended(world, draft.text, meant.strip())
    swapped = [other.step if s.command is FindPersonByName else s for s in draft.steps]
    return Draft(text, swapped)


__all__ = [
    "Draft",
    "Drawn",
    "It",
    "Lazy",
    "acquaintance",
    "amended",
    "article",
    "build_grammar",
    "describing",
    "parted",
    "renamed",
    "sentence",
    "template",
]
