"""Two things, two people or two places under one verb: the plan says each in full."""

from __future__ import annotations

from typing import Any

from training.generator.draft import Draft, sentence
from training.generator.entities import choose
from training.generator.people import person
from training.generator.places import room, spot, surface
from training.generator.plan import GIVE, HOME, PUT, TELL_COUNT, Step, count, go, pick
from training.generator.things import Countables, Thing
from training.generator.world import World

_KINDS = (
    "operator operator operator operator place place place person person two_places "
    "two_persons count count find find"
).split()
_PEOPLE = "name name name name gesture clothes any"


def several(world: World) -> Draft:
    """One of the kinds, for two of something."""
    kind = choose(world.rng, _KINDS)
    if kind == "count":
        return _counted(world)
    if kind == "find":
        return _found(world)
    if kind in ("two_places", "two_persons"):
        return _apart(world, kind)
    one, two = _things(world)
    place = (surface(world) if world.chance(0.6) else room(world)) if world.chance(0.6) else None
    there = [go(place.value)] if place else []
    scope: dict[str, Any] = {"O": one, "O2": two, "R": ""} | ({"S": place} if place else {})
    if kind == "operator":
        last = [HOME, GIVE]
    elif kind == "place":
        scope["D"] = destination = surface(world)
        last = [go(destination.value), PUT]
    else:
        scope["X"] = someone = person(world, _PEOPLE)
        where = room(world) if world.chance(0.6) else None
        scope["R"] = where.at if where else ""
        last = [*([go(where.value)] if where else []), someone.step, GIVE]
    text = sentence(world, f"two_to_{kind}" + ("" if place else "_nowhere"), scope)
    return Draft(text, [*there, pick(one.value), *last, *there, pick(two.value), *last])


def _things(world: World) -> tuple[Thing, Thing]:
    """Two things, each with an article of its own: "salt and pepper" may be one."""
    return Thing.of(world, plain=True), Thing.of(world, plain=True)


def _apart(world: World, kind: str) -> Draft:
    one, two = _things(world)
    if kind == "two_places":
        first, second = surface(world), surface(world)
        scope: dict[str, Any] = {"O": one, "O2": two, "D": first, "E": second}
        steps = [pick(one.value), go(first.value), PUT, pick(two.value), go(second.value), PUT]
        return Draft(sentence(world, "two_to_two_places", scope), steps)
    someone, other = person(world, "name name name name any"), person(world, "name")
    scope = {"O": one, "O2": two, "X": someone, "Z": other}
    steps = [pick(one.value), someone.step, GIVE, pick(two.value), other.step, GIVE]
    return Draft(sentence(world, "two_to_two_persons", scope), steps)


def _counted(world: World) -> Draft:
    place = surface(world) if world.chance(0.85) else room(world)
    one, two = Countables.of(world), Countables.of(world)
    steps: list[Step] = []
    for things in (one, two):
        steps += [go(place.value), count(things.value), HOME, TELL_COUNT]
    return Draft(sentence(world, "count_two", {"S": place, "C": one, "C2": two}), steps)


def _found(world: World) -> Draft:
    place = room(world) if world.chance(0.8) else spot(world)
    someone, other = person(world, "name"), person(world, "name")
    text = sentence(world, "find_two", {"S": place, "X": someone, "Z": other})
    return Draft(text, [go(place.value), someone.step, other.step])
