"""Learning something about a person, or which thing is the most of something."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from training.generator.draft import Draft, Lazy, acquaintance, amended, describing, sentence
from training.generator.entities import choose
from training.generator.grammar import weigh
from training.generator.intents.meeting import whereabouts
from training.generator.intents.talking import reported
from training.generator.people import DESCRIPTIONS, Person, gesture, person, posture
from training.generator.places import Kind, Place, room, spot, surface
from training.generator.plan import (
    HOME,
    TELL_PERSON,
    TELL_VISUAL,
    Value,
    compare,
    go,
    learn,
)
from training.generator.resources import table
from training.generator.things import Kindred
from training.generator.world import World

_SUPERLATIVES: dict[str, Any] = table("superlatives")
_OFFICIAL = ("biggest", "largest", "smallest", "heaviest", "lightest", "thinnest")
_PLURAL = {
    "is": "are", "has": "have", "weighs": "weigh", "takes": "take", "exceeds": "exceed",
    "possesses": "possess", "needs": "need", "weights": "weight", "stands": "stand",
}  # fmt: skip
_CANONICAL = tuple(k for k, v in _SUPERLATIVES.items() if isinstance(v, dict) and "before" in v)


def learn_about_person(world: World) -> Draft:
    """Tell the operator, or someone else, a person's name, pose or gesture."""
    attribute = choose(world.rng, _ATTRIBUTES)
    place = _place(world)
    kinds = (
        "any any any any any any any gesture pose clothes"
        if attribute in ("name", "gender")
        else "any any any any any any any gesture pose clothes name"
    )
    if attribute != "gender" and world.chance(0.05):
        return _here(world, attribute)
    someone = _told_apart(world, kinds, place)
    scope = describing(world, someone, place)
    scope["info"] = Lazy(world, f"{{info_{attribute}}}", scope)
    scope["short"] = Lazy(world, f"{{short_{attribute}}}", scope)
    found = [go(place.value), someone.step, learn(attribute)]
    if world.chance(0.55):
        group = f"ask_{attribute}" if world.chance(0.15) else "info_to_operator"
        if group == "ask_name" and not someone.named and world.chance(0.3):
            look = posture(world) if world.chance(0.6) else gesture(world)
            scope["POSING"] = world.say(look.after).removeprefix("who is ").removeprefix("who ")
            someone = replace(someone, value=look.of_one)
            text = world.say("who is {POSING} {S.at}", **scope)
            return Draft(text, [found[0], someone.step, found[2], HOME, TELL_PERSON])
        if group == "ask_name" and someone.value == "" and world.chance(0.4):
            group = "ask_who"
        return Draft(sentence(world, group, scope), [*found, HOME, TELL_PERSON])
    where = _place(world)
    listener = _told_apart(world, "any any any any any any name gesture pose clothes", where)
    scope |= {"Y": listener, "G": where}
    scope["YG"] = Lazy(world, "{Y} {G.at}", scope)
    text = sentence(world, "info_to_person", scope)
    return Draft(text, [*found, go(where.value), listener.step, TELL_PERSON])


def _here(world: World, attribute: str) -> Draft:
    """No place is named."""
    someone = person(world, "any gesture pose clothes clothes")
    scope = describing(world, someone, None)
    scope["short"] = Lazy(world, f"{{short_{attribute}}}", scope)
    steps = [someone.step, learn(attribute), HOME, TELL_PERSON]
    return Draft(sentence(world, "info_here", scope), steps)


_ATTRIBUTES = (
    "name name name name pose pose pose pose gesture gesture gesture gesture gender".split()
)
_POSTURES = ("sitting person", "standing person")


def _told_apart(world: World, kinds: str, place: Place) -> Person:
    """Someone of one of the kinds.

    A posture behind the noun would only say where they are: "the person seated at the sofa".
    """
    someone = person(world, kinds)
    if place.kind is not Kind.SPOT or someone.value not in _POSTURES:
        return someone
    in_front = someone.noun.endswith(tuple(_HEADS))
    return someone if in_front else person(world, "any")


_HEADS = [weigh(h)[1] for h in DESCRIPTIONS["heads"]["neutral"]]


def _place(world: World) -> Place:
    place = whereabouts(world, 1.0) if world.chance(0.4) else spot(world)
    if place is None:
        return room(world)
    return replace(place, stationed=True) if place.kind is Kind.SPOT else place


def superlative(world: World) -> Draft:
    """Which thing at a place is the biggest, heaviest, thinnest …"""
    place = surface(world) if world.chance(0.9) else room(world)
    kin = Kindred.of(world)
    measure, wording = _measure(world)
    scope: dict[str, Any] = {"S": place, "K": kin, "BY": acquaintance(world), **wording}
    verb, _, rest = wording["clause"].partition(" ")
    scope["clauses"] = f"{_PLURAL.get(verb, verb)} {rest}"
    packed = "[{before} {K.one}*8|{K.one} {packed}*4|{before} of the {K.many}|{before} {K.one} of all|{K.one} that {clause}*2]"  # noqa: E501
    scope["np"] = Lazy(world, packed, scope)
    if world.chance(0.06):
        text = sentence(world, "superlative_here", scope)
        return Draft(text, [compare(measure, kin.value), HOME, TELL_VISUAL])
    if world.chance(0.09):
        found = compare(measure, kin.value)
        return reported(world, "superlative_told", scope, found, TELL_VISUAL)
    unnamed = kin.value == "object" and world.chance(0.15)
    text = sentence(world, "superlative_any" if unnamed else "superlative", scope)
    if world.chance(0.015):
        measure, wording = _measure(world)
        text = amended(
            world, text, world.say("[the {before}[| one]*2|which [one |]{clause}]", **wording)
        )
    return Draft(text, [go(place.value), compare(measure, kin.value), HOME, TELL_VISUAL])


def _measure(world: World) -> tuple[Value, dict[str, str]]:
    if world.source == "arena" or world.chance(0.8):
        measure: str = choose(world.rng, _OFFICIAL if world.chance(0.8) else _CANONICAL)
        parts = ("before", "clause", "packed")
        return measure, {p: world.say(f"{{{measure}_{p}}}") for p in parts}
    word: str = choose(world.rng, _SUPERLATIVES["plain"])
    said, marked = world.mention(word)
    return said, {"before": marked, "clause": f"is the {marked}", "packed": f"that is the {marked}"}
