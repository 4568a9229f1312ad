"""Counting things and people."""

from __future__ import annotations

from training.generator.draft import Draft, sentence
from training.generator.people import Crowd, crowd
from training.generator.places import room, spot, surface
from training.generator.plan import HOME, TELL_COUNT, count, go
from training.generator.things import Countables
from training.generator.world import World


def count_things(world: World) -> Draft:
    """How many things are at a place."""
    place = surface(world) if world.chance(0.85) else room(world)
    mass = world.chance(0.05)
    things = Countables.mass(world) if mass else Countables.of(world)
    text = sentence(world, "count_mass" if mass else "count_things", {"S": place, "C": things})
    return Draft(text, [go(place.value), count(things.value), HOME, TELL_COUNT])


def count_people(world: World) -> Draft:
    """How many people of a description are at a place."""
    place = room(world) if world.chance(0.88) else spot(world)
    people = crowd(world)
    text = sentence(
        world, "count_people", {"S": place, "P": people, "are_doing": _are(world, people)}
    )
    return Draft(text, [go(place.value), count(people.value), HOME, TELL_COUNT])


def _are(world: World, people: Crowd) -> str:
    if not people.doing:
        return world.say("[are there*4|there are]")
    if people.doing.startswith("with "):
        held = people.doing.removeprefix("with ")
        return world.say("[are with*2|have*3|with]") + f" {held}"
    return f"are {people.doing}"
