"""Single steps, and what the operator wants done to himself."""

from __future__ import annotations

from typing import Any

from schemas.commands import FindPerson
from training.generator.draft import Draft, template
from training.generator.entities import choose
from training.generator.people import person
from training.generator.places import anywhere
from training.generator.plan import (
    ANSWER,
    HOME,
    INTRODUCE,
    UNTIL_TOLD,
    Step,
    Value,
    follow,
    go,
    guide,
    say,
)
from training.generator.world import World

ANYONE = Step(FindPerson, {"attribute_value": ""})
_KINDS = (
    "go go go go go go_twice go_twice go_thrice go_and_back home say say say introduce follow_me "
    "follow_me_to guide_me guide_me answer_me find_someone find_someone find_someone greet_someone"
).split()
_SOUGHT = "name name name name name name gesture pose clothes clothes any any"


def simple(world: World) -> Draft:
    """One of the short requests."""
    kind = choose(world.rng, _KINDS)
    if kind == "say":
        return _say(world)
    place = anywhere(world)
    scope: dict[str, Any] = {"S": place, "ME": "me"}
    sought: list[Step] = []
    if kind in ("go_twice", "go_thrice", "follow_me_to", "guide_me"):
        scope["D"] = anywhere(world)
    if kind == "go_thrice":
        scope["E"] = anywhere(world)
    if kind in ("find_someone", "greet_someone"):
        scope["X"] = someone = person(world, _SOUGHT)
        sought = [someone.step]
    steps = {
        "go": lambda: [go(place.value)],
        "go_twice": lambda: [go(place.value), go(scope["D"].value)],
        "go_thrice": lambda: [go(place.value), go(scope["D"].value), go(scope["E"].value)],
        "go_and_back": lambda: [go(place.value), HOME],
        "find_someone": lambda: sought,
        "greet_someone": lambda: [*sought, INTRODUCE],
        "home": lambda: [HOME],
        "introduce": lambda: [INTRODUCE],
        "follow_me": lambda: [ANYONE, UNTIL_TOLD],
        "follow_me_to": lambda: [ANYONE, follow(scope["D"].value)],
        "guide_me": lambda: [ANYONE, guide(scope["D"].value)],
        "answer_me": lambda: [ANYONE, ANSWER],
    }[kind]()
    text = template(world, kind, "simple")
    if kind == "follow_me_to":
        text = text.replace(" {S.src}", "")
    return Draft(world.say(text, **scope), steps)


def _say(world: World) -> Draft:
    value, words = world.topic()
    text = world.say(
        "[{tell_me} {T}*5|[can|could|would] you [tell me|say|let me know] {T}*2|{pl}tell me {T}*3|{say_bare}|{B}*2]",  # noqa: E501
        T=words,
        B=_bare(world, value, words),
    )
    return Draft(text, [say(value)])


def _bare(world: World, topic: Value, words: str) -> str:
    """The topic asked outright, where English allows it."""
    questions: dict[Value, str] = {
        "the time": "[what time is it|what's the time|do you have the time|what time is it now]",
        "what day is today": "[what day is today|what day is it today|which day is it]",
        "what day is tomorrow": "[what day is tomorrow|what day is it tomorrow]",
        "your teams name": "[what is your team's name|what's the name of your team|what is your team called]",  # noqa: E501
        "your teams country": "[where is your team from|which country is your team from|what country are you from]",  # noqa: E501
        "your teams affiliation": "[what is your team's affiliation|which university is your team from|what is your team affiliated with]",  # noqa: E501
        "the day of the week": "[what day of the week is it|which weekday is it]",
        "the day of the month": "[what's the date|what day of the month is it|what is today's date]",  # noqa: E501
    }
    return world.say(questions.get(topic, "tell me {T}"), T=words)
