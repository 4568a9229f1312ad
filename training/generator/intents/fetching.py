"""Getting a thing, and bringing it to a place, a person or the operator."""

from __future__ import annotations

import re
from typing import Any

from schemas.commands import PickObject
from training.generator.draft import Draft, Drawn, It, Lazy, acquaintance, amended, sentence
from training.generator.entities import choose
from training.generator.intents.meeting import follow_up
from training.generator.people import Person, person
from training.generator.places import Place, room, spot, surface
from training.generator.plan import GIVE, HOME, PUT, go, pick
from training.generator.things import Thing
from training.generator.world import World


def fetch(world: World) -> Draft:
    """Pick something up somewhere and carry it on; now and then several, or another after all."""
    if world.chance(0.03):
        things = Thing.counted(world)
        draft = _fetched(world, things)
        return Draft(draft.text, [*draft.steps] * things.number)
    if not world.chance(0.025):
        return _fetched(world, Thing.of(world))
    thing = Thing.of(world, plain=True)
    draft = _fetched(world, thing)
    meant = Thing.of(world, plain=True)
    steps = [pick(meant.value) if s.command is PickObject else s for s in draft.steps]
    named = world.say("[{M}|{M.the}]", M=meant)
    return Draft(amended(world, draft.text, named, thing.words), steps)


def _fetched(world: World, thing: Thing) -> Draft:
    place = _source(world)
    goals = "me me me place place person person none" if place else "me me me place person none"
    goal = choose(world.rng, goals.split())
    if thing.superlative and goal == "none":  # only finding it is asking which one it is
        goal = "me"
    scope: dict[str, Any] = {
        "O": thing,
        "I": It(thing),
        "IT": "it" if thing.number == 1 else "them",
    }
    scope["BY"] = acquaintance(world)
    scope["U"] = Drawn(lambda: f"the {world.object_name()}")
    scope["UW"] = Drawn(world.object_name)
    scope["UP"] = Drawn(lambda: f"the {world.place_name()}")
    if place:
        scope["S"] = place
    steps = [*([go(place.value)] if place else []), pick(thing.value)]
    nowhere = "" if place else "nowhere_"
    if goal == "none":
        if place is None:
            return Draft(sentence(world, "get_only_nowhere", scope), steps)
        group = "get_only" if world.chance(0.7) else "find_thing"
        return Draft(sentence(world, group, scope), steps)
    if goal == "me":
        text = sentence(world, f"fetch_{nowhere}to_operator", scope)
        return _elsewhere(world, Draft(text, [*steps, HOME, GIVE]), place, "{M.the}")
    if goal == "place":
        scope["D"] = destination = surface(world)
        text = sentence(world, f"fetch_{nowhere}to_place", scope)
        if world.chance(0.02):
            wrong, destination = destination, surface(world)
            there = world.say("[{M.on}*2|to {M.the}|{M.the}*2]", M=destination)
            text = amended(world, text, there, wrong.words)
            return Draft(text, [*steps, go(destination.value), PUT])
        return _elsewhere(world, Draft(text, [*steps, go(destination.value), PUT]), place)
    return _elsewhere(world, _to_person(world, scope, steps, nowhere), place)


def _elsewhere(world: World, draft: Draft, place: Place | None, bare: str = "{M.src}") -> Draft:
    """Now and then from another place than was said first; ``bare`` where no other is meant."""
    if place is None or not world.chance(0.02):
        return draft
    meant = surface(world)
    there = world.say(
        f"[{{M.src}}*3|{bare}|[it's|it is|i saw it|i left it|they are] {{M.at}}*3]", M=meant
    )
    text = amended(world, draft.text, there, place.words)
    first = go(place.value)
    return Draft(text, [go(meant.value) if s == first else s for s in draft.steps])


def _source(world: World) -> Place | None:
    draw = world.rng.random()
    if draw < 0.2:
        return None
    if draw < 0.26:
        return spot(world)
    return surface(world) if draw < 0.68 else room(world)


_LACKS_PLACE = re.compile(r"^\s*,| is\s*(?:[.,;-]|$)")


def _to_person(world: World, scope: dict[str, Any], steps: list[Any], nowhere: str) -> Draft:
    someone = person(world, "name name name gesture gesture pose clothes any any")
    where = (spot(world) if world.chance(0.2) else room(world)) if world.chance(0.7) else None
    scope["X"] = someone
    scope["R"] = Lazy(world, "{P.at}", {"P": where}) if where else ""
    if where and world.chance(0.22):
        scope["L"] = where
        late = someone.named and not nowhere and world.chance(0.1)
        group = "fetch_to_someone" if late else f"fetch_{nowhere}to_person_there"
        text = sentence(world, group, scope)
        return Draft(text, [*steps, go(where.value), someone.step, GIVE])
    for _ in range(20):
        text = sentence(world, f"fetch_{nowhere}to_person", scope)
        # Without a place for the person, sentences that need one fall apart.
        if where or not _LACKS_PLACE.search(text):
            break
    there = [go(where.value)] if where else []
    given = Draft(text.lstrip(", "), [*steps, *there, someone.step, GIVE])
    goes_on = scope["O"].number == 1 and world.chance(0.05)
    return _going_on(world, given, someone) if goes_on else given


def _going_on(world: World, given: Draft, someone: Person) -> Draft:
    """With something else to do with the person, who is found already."""
    after = follow_up(world, someone, "talk answer follow follow_to guide guide")
    then = world.say(after.of_pronoun, X=someone, **after.scope)
    text = world.say("{TEXT}{then}{THEN}", TEXT=given.text.rstrip(" ."), THEN=then)
    return Draft(text, [*given.steps, after.step])
