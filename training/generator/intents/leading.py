"""Following someone, leading someone, and meeting someone twice."""

from __future__ import annotations

from training.generator.draft import Draft, amended, describing, sentence
from training.generator.intents.meeting import whereabouts
from training.generator.people import Person, person
from training.generator.places import Place, anywhere, room, spot
from training.generator.plan import (
    FOLLOW_HOME,
    GIVE,
    GUIDE_HOME,
    UNTIL_TOLD,
    follow,
    go,
    guide,
    pick,
)
from training.generator.things import Thing
from training.generator.world import World


def follow_person(world: World) -> Draft:
    """Follow someone to a place, or until told to stop."""
    someone = person(world, "name name name gesture gesture pose pose clothes clothes any")
    place = whereabouts(world, 0.92)
    if place and world.chance(0.5):
        place = spot(world)
    scope = describing(world, someone, place)
    there = [go(place.value)] if place else []
    if place and world.chance(0.04):
        text = sentence(world, "follow_back", scope)
        return Draft(text, [*there, someone.step, FOLLOW_HOME])
    nowhere = "" if place else "_nowhere"
    if world.chance(0.4):
        text = sentence(world, f"follow_on{nowhere}", scope)
        return _handing(world, Draft(text, [*there, someone.step, UNTIL_TOLD]), someone)
    goal = anywhere(world, 0.65)
    text = sentence(world, f"follow_to{nowhere}", scope | {"D": goal})
    return _handing(world, Draft(text, [*there, someone.step, follow(goal.value)]), someone)


def guide_person(world: World) -> Draft:
    """Lead someone to a place."""
    someone = person(world, "name name name gesture gesture pose pose clothes clothes clothes any")
    place = whereabouts(world, 0.93)
    if place and world.chance(0.5):
        place = spot(world)
    if world.chance(0.03):
        return _after_all(world, someone, place)
    if place and world.chance(0.08):
        text = sentence(world, "guide_back", describing(world, someone, place))
        return Draft(text, [go(place.value), someone.step, GUIDE_HOME])
    goal = anywhere(world)
    scope = describing(world, someone, place) | {"D": goal, "ONE": person(world, "any clothes")}
    group = "guide" if place else "guide_nowhere"
    if place and someone.named and world.chance(0.03):
        group = "guide_one"
    text = sentence(world, group, scope)
    there = [go(place.value)] if place else []
    return _handing(world, Draft(text, [*there, someone.step, guide(goal.value)]), someone)


def _handing(world: World, draft: Draft, someone: Person) -> Draft:
    """Now and then with a thing for the person at the end."""
    if not world.chance(0.05):
        return draft
    thing = Thing.of(world, plain=True)
    text = world.say(
        "{TEXT}{then}[give|hand|bring|offer|pass] [{X.pron} {O}|{O} to {X.pron}]",
        TEXT=draft.text.rstrip(" ."),
        X=someone,
        O=thing,
    )
    return Draft(text, [*draft.steps, pick(thing.value), GIVE])


def _after_all(world: World, someone: Person, place: Place | None) -> Draft:
    """To another place than was said first."""
    said, meant = anywhere(world), anywhere(world)
    scope = describing(world, someone, place) | {"D": said}
    leads = world.chance(0.6)
    group = ("guide" if leads else "follow_to") + ("" if place else "_nowhere")
    text = amended(world, sentence(world, group, scope), world.say("[to |]{M.the}", M=meant))
    there = [go(place.value)] if place else []
    return Draft(text, [*there, someone.step, (guide if leads else follow)(meant.value)])


def meet_then_find(world: World) -> Draft:
    """Meet someone at one place and find them at another, told in either order."""
    someone = person(world, "name name name name name name name gesture pose clothes")
    first = anywhere(world, 0.2)
    second = room(world) if world.chance(0.9) else spot(world)
    scope = describing(world, someone, first) | {"D": second}
    text = sentence(world, "meet_then_find", scope)
    return Draft(text, [go(first.value), someone.step, go(second.value), someone.step])
