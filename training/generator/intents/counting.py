"""Counting things and people."""

from __future__ import annotations

from typing import Any

from training.generator.draft import Draft, Drawn, acquaintance, amended, sentence
from training.generator.entities import choose
from training.generator.intents.talking import reported
from training.generator.people import Crowd, crowd
from training.generator.places import room, spot, surface
from training.generator.plan import HOME, TELL_COUNT, count, go
from training.generator.things import Countables, Thing
from training.generator.world import World

_NUMBERS = (
    "two three four five six seven eight nine ten twelve twenty thirty 2 3 4 5 6 8 10".split()
)


def count_things(world: World) -> Draft:
    """How many things are at a place, or here; told to the operator or to someone else."""
    if world.chance(0.05):
        return _whether_there(world)
    if world.chance(0.07):
        things = Countables.of(world)
        text = sentence(world, "count_things_here", {"C": things})
        return Draft(text, [count(things.value), HOME, TELL_COUNT])
    place = surface(world) if world.chance(0.85) else room(world)
    if world.chance(0.11):
        things = Countables.of(world)
        scope = {"S": place, "C": things}
        return reported(world, "count_things_told", scope, count(things.value), TELL_COUNT)
    mass = world.chance(0.05)
    things = Countables.mass(world) if mass else Countables.of(world)
    if world.chance(0.012):
        things = things.corrected()
    scope = {"S": place, "C": things} | _claimed(world)
    text = sentence(world, "count_mass" if mass else "count_things", scope)
    if world.chance(0.02):
        wrong, things = things, Countables.of(world)
        text = amended(world, text, f"the {things.words}", wrong.words)
    return Draft(text, [go(place.value), count(things.value), HOME, TELL_COUNT])


def _claimed(world: World) -> dict[str, Any]:
    """Who says how many there are, and how many that is."""
    return {"BY": acquaintance(world), "SOME": Drawn(lambda: choose(world.rng, _NUMBERS))}


def _whether_there(world: World) -> Draft:
    """Whether something is at a place: how many of it are."""
    place = surface(world) if world.chance(0.75) else room(world)
    thing = Thing.of(world, plain=True)
    text = sentence(world, "whether_there", {"S": place, "O": thing})
    return Draft(text, [go(place.value), count(thing.value), HOME, TELL_COUNT])


def count_people(world: World) -> Draft:
    """How many people of a description are at a place, or here; told as things are."""
    people = crowd(world)
    scope: dict[str, Any] = {"P": people, "are_doing": _are(world, people)} | _claimed(world)
    if world.chance(0.07):
        text = sentence(world, "count_people_here", scope)
        return Draft(text, [count(people.value), HOME, TELL_COUNT])
    scope["S"] = place = room(world) if world.chance(0.88) else spot(world)
    if world.chance(0.09):
        return reported(world, "count_people_told", scope, count(people.value), TELL_COUNT)
    heads = people.value == "people" and world.chance(0.25)
    text = sentence(world, "headcount" if heads else "count_people", scope)
    if world.chance(0.03):
        people = crowd(world)
        text = amended(world, text, f"the {people.full}")
    return Draft(text, [go(place.value), count(people.value), HOME, TELL_COUNT])


def _are(world: World, people: Crowd) -> str:
    if not people.doing:
        return world.say("[are there*4|there are]")
    if people.doing.startswith("with "):
        held = people.doing.removeprefix("with ")
        return world.say("[are with*2|have*3|with]") + f" {held}"
    return f"are {people.doing}"
