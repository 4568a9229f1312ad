"""Telling someone something, and answering someone's question."""

from __future__ import annotations

from typing import Any

from training.generator.declines import chore
from training.generator.draft import (
    Draft,
    Drawn,
    Lazy,
    amended,
    describing,
    parted,
    sentence,
    template,
)
from training.generator.intents.meeting import whereabouts
from training.generator.people import everyone, person
from training.generator.places import room
from training.generator.plan import ANSWER, Step, go, say
from training.generator.world import World

_LONGEST_MESSAGE = 48


def talk(world: World) -> Draft:
    """Tell someone a topic."""
    someone = person(world, "gesture gesture gesture pose pose name name clothes any any")
    if world.chance(0.06):
        someone = everyone(world)
    place = whereabouts(world)
    value, words = world.topic()
    scope = describing(world, someone, place) | {"T": words, "Y": str(someone)}
    group = "talk" if place else "talk_nowhere"
    there = [go(place.value)] if place else []
    text = sentence(world, group, scope)
    if world.chance(0.015):
        value, words = world.topic()
        text = amended(world, text, world.say("[tell {X.pron}*3|{X}:|] {T}", X=someone, T=words))
    return Draft(text, [*there, someone.step, say(value)])


def message(world: World) -> Draft:
    """Tell someone what the speaker says in words of his own."""
    someone = person(world, "name name name name name name gesture pose clothes any any")
    place = whereabouts(world, 0.6)
    asks = world.chance(0.5)
    apart = world.chance(0.05 if asks else 0.2)
    words = _message(world, "{message_asked}" if asks else "{message_said}")
    value, marked = world.mention(words)
    opening = "to" if asks else world.say("[that*3||]")
    scope = describing(world, someone, place) | {"M": f"{opening} {marked}"}
    there = [go(place.value)] if place else []
    group = "message" if place else "message_nowhere"
    worded = template(world, "message_first" if apart else group)
    if apart:
        # Without quotes a request in front would be one to the robot.
        scope["MSG"] = world.say('"{W}"' if asks else '[{W}*3|"{W}"]', W=marked)
        worded = worded if place else worded.replace(" {S.at}", "")
    if asks and not apart and world.chance(0.25):
        worded = worded.replace("tell {X", "ask {X")
    text = world.say(parted(worded, scope), **scope)
    return Draft(text, [*there, someone.step, say(value)])


def _message(world: World, rule: str) -> str:
    """Short enough to stay a slot's value after noise."""
    known = {
        "MN": Drawn(world.name),
        "MO": Drawn(lambda: f"the {world.object_name()}"),
        "MP": Drawn(lambda: f"the {world.room()}"),
        "MW": Drawn(lambda: world.lexicon.word(world.rng, False)),
        "MD": Drawn(lambda: chore(world)),
    }
    while True:
        words = world.say(rule, **known)
        if len(words) <= _LONGEST_MESSAGE:
            return words


def answer(world: World) -> Draft:
    """Answer someone's question."""
    someone = person(world, "gesture gesture gesture pose pose name name clothes any any")
    place = whereabouts(world)
    scope = describing(world, someone, place)
    questions = {
        "Q_of_XS": "{the_question} [of*4|from|asked by|posed by|given by|that belongs to|belonging to|being asked by|raised by] {XS}",  # noqa: E501
        "Q_of_X": "{the_question} [of*4|from|asked by|posed by|raised by] {X}",
        "Q_owner": "{X_s} {q}",
        "Q_owner_of_S": "{PX}'s {q}",
        "Q_that": "the {q} [that|] {XS} [has|asks|is asking|asks you|has for you|wants to ask|poses|is posing]",  # noqa: E501
        "Q_theirs": "{X.their} {q}",
        "Q_the": "the {q}",
    }
    scope |= {name: Lazy(world, text, scope) for name, text in questions.items()}
    for name, text in questions.items():
        scope[name] = Lazy(world, text, scope)
    there = [go(place.value)] if place else []
    group = "answer" if place else "answer_nowhere"
    return Draft(sentence(world, group, scope), [*there, someone.step, ANSWER])


def reported(world: World, group: str, scope: dict[str, Any], found: Step, told: Step) -> Draft:
    """What was found at S, told to someone else, somewhere else."""
    listener, where = person(world, _LISTENERS), room(world)
    text = sentence(world, group, scope | {"Y": listener, "G": where})
    return Draft(text, [go(scope["S"].value), found, go(where.value), listener.step, told])


_LISTENERS = "name name name name any gesture pose clothes"
