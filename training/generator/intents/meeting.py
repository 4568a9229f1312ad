"""Finding, meeting or greeting someone, and what comes after."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from schemas.commands import AnswerQuestion, SayWithContext
from training.generator.draft import Draft, Lazy, describing, parted, sentence, template
from training.generator.entities import choose
from training.generator.people import Person, everyone, person
from training.generator.places import Place, anywhere, room, spot
from training.generator.plan import ANSWER, INTRODUCE, UNTIL_TOLD, Step, follow, go, guide, say
from training.generator.world import World


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What to do with the person once found; ``fits`` says it of a pronoun or of the person."""

    of_pronoun: str
    of_person: str
    gerund: str
    step: Step
    scope: dict[str, Any]


def follow_up(world: World, someone: Person, kinds: str) -> FollowUp:
    """One of talk, answer, follow, follow_to, guide."""
    kind = choose(world.rng, kinds.split())
    if kind == "talk":
        return _talk(world)
    if kind == "answer":
        question = "{answer Q}"
        asked = {"Q": world.say("{question}", X=someone)}
        return FollowUp(
            question,
            "[answer|respond to|reply to] {X_s} [question|quiz]",
            "answering {Q}",
            ANSWER,
            asked,
        )
    if kind == "follow":
        if world.chance(0.12):
            return FollowUp(
                "{go_along X.pron}{endlessly}",
                "{go_along X}",
                "accompanying {X.pron}",
                UNTIL_TOLD,
                {},
            )
        return FollowUp(
            "{follow X.pron}{endlessly}", "{follow X}", "{following X.pron}", UNTIL_TOLD, {}
        )
    goal = anywhere(world, 0.45)
    scope: dict[str, Any] = {"D": goal}
    if kind == "follow_to":
        return FollowUp(
            "{follow X.pron} {goal}",
            "{follow X} {goal}",
            "{following X.pron} {goal}",
            follow(goal.value),
            scope,
        )
    shown = "[{guide X.pron} {D.dst}*9|show {X.pron} the way to {D.the}]"
    return FollowUp(
        shown, "{guide X} {D.dst}", "{guiding X.pron} {D.dst}", guide(goal.value), scope
    )


def _talk(world: World) -> FollowUp:
    value, words = world.topic()
    return FollowUp(
        "[{say_bare}*5|{tell_pron}*5|{about_yourself}]"
        if value == "something about yourself"
        else "[{say_bare}|{tell_pron}]",
        "{tell_X}",
        "{telling X.pron} {T}",
        say(value),
        {"T": words, "Y": "them"},
    )


def whereabouts(world: World, share: float = 0.93) -> Place | None:
    """Where the person is, if that is said."""
    if not world.chance(share):
        return None
    return room(world) if world.chance(0.72) else spot(world)


def meet(world: World) -> Draft:
    """Find, meet or greet someone, then tell, answer, follow or lead."""
    someone = person(
        world, "name name name gesture gesture gesture pose pose clothes clothes any any"
    )
    place = whereabouts(world)
    greets = world.chance(0.38)
    if greets and world.chance(0.06):
        someone = everyone(world)
    verb = "greet" if greets else _verb(world, someone)
    before = [*([go(place.value)] if place else []), someone.step, *([INTRODUCE] if greets else [])]
    scope = describing(world, someone, place)
    if place and world.chance(0.12):
        return Draft(_worded(world, "meet_only", verb, scope), before)
    after = follow_up(world, someone, "talk talk answer follow follow_to guide guide")
    if place and world.chance(0.08):
        return _twice(world, someone, verb, scope, before)
    scope |= after.scope
    scope["F"] = world.say(after.of_pronoun, **scope)
    scope["F_X"] = world.say(after.of_person, **scope)
    owned = replace(someone, noun=str(scope.get("PX", someone)))
    scope["F_X_of_S"] = Lazy(world, after.of_person, scope | {"X": owned, "X_s": owned.owner})
    scope["F_GERUND"] = world.say(after.gerund, **scope)
    scope["F_BARE"] = world.say(_BARE.get(after.step.command, after.of_person), **scope)
    text = _worded(world, _group(world, place, greets, after), verb, scope)
    return Draft(text, [*before, after.step])


def _twice(
    world: World, someone: Person, verb: str, scope: dict[str, Any], before: list[Step]
) -> Draft:
    """Two things to do with the person, one after the other."""
    first = follow_up(world, someone, "talk answer")
    kinds = "talk answer" if first.step is not ANSWER else "talk talk"
    then = follow_up(world, someone, f"{kinds} follow follow_to guide guide")
    scope["F"] = world.say(first.of_pronoun, **scope | first.scope)
    scope["F2"] = world.say(then.of_pronoun, **scope | then.scope)
    scope["F_GERUND"] = world.say(first.gerund, **scope | first.scope)
    scope["F2_GERUND"] = world.say(then.gerund, **scope | then.scope)
    return Draft(_worded(world, "meet_twice", verb, scope), [*before, first.step, then.step])


_BARE = {SayWithContext: "{say_bare}", AnswerQuestion: "{answer Q}"}


def _verb(world: World, someone: Person) -> str:
    return "meet" if world.chance(0.75 if someone.named else 0.2) else "find"


def _group(world: World, place: Place | None, greets: bool, after: FollowUp) -> str:
    if place is None:
        return "meet_nowhere"
    if greets and world.chance(0.13):
        return "greet_and_follow"
    if greets and world.chance(0.06):
        return "greet_passive"
    if greets and world.chance(0.12):
        return "find_then_meet"
    if greets and world.chance(0.12):
        return "greet_bare"
    return "meet"


_SAYS_THE_GREETING = ("greet_passive", "greet_bare")
_MET = re.compile(r"\{(?:VERB|ONCE)")


def _worded(world: World, group: str, verb: str, scope: dict[str, Any]) -> str:
    must_greet = verb == "greet" and group not in _SAYS_THE_GREETING
    text = template(world, group, having=_MET if must_greet else None)
    gerund = {"meet": "meeting", "find": "finding", "greet": "greeting"}[verb]
    text = text.replace("{VERBING_PRON}", f"{{{gerund} X.pron}}").replace("{VERBING", f"{{{gerund}")
    text = text.replace("{VERB ", f"{{{verb} ").replace("{ONCE X}", f"{{once_{verb}}} {{X}}")
    text = text.replace("{ONCE X.pron}", f"{{once_{verb}}} {{X.pron}}")
    return world.say(parted(text.replace("the_X_of_S", "X_of_S"), scope), **scope)


__all__ = ["follow_up", "meet", "sentence", "whereabouts"]
