"""Two or three things, people or places under one verb: the plan says each in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from schemas.commands import GoTo
from training.generator.draft import Draft, Lazy, sentence
from training.generator.entities import choose
from training.generator.intents.counting import count_people, count_things
from training.generator.intents.fetching import fetch
from training.generator.intents.learning import superlative
from training.generator.people import person
from training.generator.places import Place, anywhere, room, spot, surface
from training.generator.plan import (
    GIVE,
    HOME,
    INTRODUCE,
    PUT,
    TELL_COUNT,
    Step,
    count,
    go,
    pick,
    say,
)
from training.generator.things import Countables, Thing
from training.generator.world import World

_KINDS = (
    "operator operator operator operator place place place person person two_places "
    "two_persons count count_places find find apart sources sources "
    "picked moved moved told told greeted there there"
).split()
_PEOPLE = "name name name name gesture clothes any"

_COUNTED = 0.06
"""Share of the things that more than one of is asked for."""


def several(world: World) -> Draft:
    """One of the kinds, for two of something; now and then for three things."""
    kind = choose(world.rng, _KINDS)
    if kind in _OTHERWISE:
        return _OTHERWISE[kind](world)
    things = _things(world, 3 if world.chance(0.2) else 2)
    place = (surface(world) if world.chance(0.6) else room(world)) if world.chance(0.6) else None
    there = [go(place.value)] if place else []
    scope = _both(world, things) | {"R": ""} | ({"S": place} if place else {})
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
    steps = [s for o in things for s in (*there, pick(o.value), *last) * o.number]
    return Draft(text, steps)


def _things(world: World, number: int = 2) -> list[Thing]:
    """Things with an article of its own each: "salt and pepper" may be one."""
    return [
        Thing.counted(world) if world.chance(_COUNTED) else Thing.of(world, plain=True)
        for _ in range(number)
    ]


def _both(world: World, things: list[Thing]) -> dict[str, Any]:
    """The bindings of the things: the last stands alone, as O2."""
    *first, last = things
    all_ = "[them*2|both|both of them]" if len(things) == 2 else "[them*2|all|all of them]"
    return {"O": ", ".join(map(str, first)), "O2": last, "ALL": Lazy(world, all_, {})}


def _to_two_places(world: World) -> Draft:
    one, two = _things(world)
    first, second = surface(world), surface(world)
    scope = {"O": one, "O2": two, "D": first, "E": second}
    steps = [
        *[pick(one.value), go(first.value), PUT] * one.number,
        *[pick(two.value), go(second.value), PUT] * two.number,
    ]
    return Draft(sentence(world, "two_to_two_places", scope), steps)


def _to_two_persons(world: World) -> Draft:
    one, two = _things(world)
    someone, other = person(world, "name name name name any"), person(world, "name")
    scope = {"O": one, "O2": two, "X": someone, "Z": other}
    steps = [
        *[pick(one.value), someone.step, GIVE] * one.number,
        *[pick(two.value), other.step, GIVE] * two.number,
    ]
    return Draft(sentence(world, "two_to_two_persons", scope), steps)


def _counting(there: Step, things: Countables) -> list[Step]:
    return [there, count(things.value), HOME, TELL_COUNT]


def _counted(world: World) -> Draft:
    place = surface(world) if world.chance(0.85) else room(world)
    one, two = Countables.of(world), Countables.of(world)
    there = go(place.value)
    steps = [*_counting(there, one), *_counting(there, two)]
    return Draft(sentence(world, "count_two", {"S": place, "C": one, "C2": two}), steps)


def _counted_twice(world: World) -> Draft:
    """The same things in two places."""
    things = Countables.of(world)
    places = [surface(world) if world.chance(0.85) else room(world) for _ in "SE"]
    scope = {"C": things} | dict(zip("SE", places, strict=True))
    steps = [step for place in places for step in _counting(go(place.value), things)]
    return Draft(sentence(world, "count_two_places", scope), steps)


def _counted_there(world: World) -> Draft:
    """Something done at a place, then things counted where that was."""
    first = choose(world.rng, (superlative, count_things, count_people, fetch))(world)
    while first.steps[0].command is not GoTo:
        first = fetch(world)
    things = Countables.of(world)
    text = sentence(world, "count_there", {"TEXT": first.text.rstrip(" ."), "C": things})
    return Draft(text, [*first.steps, *_counting(first.steps[0], things)])


def _found(world: World) -> Draft:
    return _each(world, "find_two", {}, [])


def _found_apart(world: World) -> Draft:
    """Two people, each in a place of their own."""
    one, other = anywhere(world, 0.8), anywhere(world, 0.8)
    first, second = person(world, _PEOPLE), person(world, _PEOPLE)
    scope = {"S": one, "E": other, "X": first, "Z": second}
    steps = [go(one.value), first.step, go(other.value), second.step]
    return Draft(sentence(world, "find_apart", scope), steps)


def _told(world: World) -> Draft:
    value, words = world.topic()
    return _each(world, "two_told", {"T": words}, [say(value)])


def _greeted(world: World) -> Draft:
    return _each(world, "two_greeted", {}, [INTRODUCE])


def _each(world: World, group: str, scope: dict[str, Any], after: list[Step]) -> Draft:
    """Two people by name in one place, the same done with each."""
    place = room(world) if world.chance(0.8) else spot(world)
    someone, other = person(world, "name"), person(world, "name")
    text = sentence(world, group, scope | {"S": place, "X": someone, "Z": other})
    return Draft(text, [go(place.value), someone.step, *after, other.step, *after])


def _brought(world: World) -> Draft:
    return _from_two(world, "two_from_two_places", [HOME, GIVE])


def _picked_up(world: World) -> Draft:
    return _from_two(world, "two_picked_up", [])


def _from_two(world: World, group: str, after: list[Step]) -> Draft:
    """Two things, each from a place of its own."""
    things = _things(world)
    places = [surface(world) if world.chance(0.7) else room(world) for _ in things]
    scope = _both(world, things) | dict(zip("SE", places, strict=True))
    return Draft(sentence(world, group, scope), _fetched(things, places, [after, after]))


def _fetched(things: list[Thing], places: list[Place], after: Sequence[list[Step]]) -> list[Step]:
    """Each thing picked up at its place, and what comes after that one; one by one."""
    return [
        step
        for o, place, then in zip(things, places, after, strict=True)
        for step in (go(place.value), pick(o.value), *then) * o.number
    ]


def _moved(world: World) -> Draft:
    """Two things, each from a place of its own, the second without its verb."""
    things = _things(world)
    sources = [surface(world), surface(world)]
    there = surface(world)
    apart = world.chance(0.6)
    goals = [there, surface(world) if apart else there]
    scope = _both(world, things) | dict(zip("SEDF", [*sources, *goals], strict=True))
    steps = _fetched(things, sources, [[go(goal.value), PUT] for goal in goals])
    return Draft(sentence(world, "two_moved" if apart else "two_moved_there", scope), steps)


_OTHERWISE: dict[str, Callable[[World], Draft]] = {
    "two_places": _to_two_places,
    "two_persons": _to_two_persons,
    "count": _counted,
    "count_places": _counted_twice,
    "there": _counted_there,
    "find": _found,
    "apart": _found_apart,
    "told": _told,
    "greeted": _greeted,
    "sources": _brought,
    "picked": _picked_up,
    "moved": _moved,
}
