"""A plan while its slots still wait for the words of the finished sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from schemas.commands import (
    AnswerQuestion,
    Count,
    FollowPersonUntil,
    GetPersonInfo,
    GetVisualInfo,
    GiveObject,
    GoTo,
    GuidePersonTo,
    PickObject,
    PlaceObject,
    RobotCommand,
    SayWithContext,
)
from training.generator.mentions import Said

Value = Said | str


@dataclass(frozen=True, slots=True)
class Step:
    """A command to be: its class and its fields."""

    command: type[RobotCommand]
    fields: Mapping[str, Value]

    def written(self, said: Mapping[int, str]) -> dict[str, str]:
        """What the model writes, in the class's order."""
        tag, names = _shape(self.command)
        values = {n: self.fields[n] for n in names}
        return {"action": tag} | {
            n: v.read(said) if isinstance(v, Said) else v for n, v in values.items()
        }


@cache
def _shape(command: type[RobotCommand]) -> tuple[str, tuple[str, ...]]:
    return command.tag(), tuple(f for f, slot in command.slots().items() if slot.generated)


def go(place: Value) -> Step:
    """Drive there."""
    return Step(GoTo, {"location_to_go": place})


def pick(thing: Value) -> Step:
    """Take it."""
    return Step(PickObject, {"object_to_pick": thing})


def say(topic: Value) -> Step:
    """Say it."""
    return Step(SayWithContext, {"previous_command_info": topic})


def follow(goal: Value) -> Step:
    """Follow the person there."""
    return Step(FollowPersonUntil, {"destination": goal})


def guide(goal: Value) -> Step:
    """Lead the person there."""
    return Step(GuidePersonTo, {"destination_room": goal})


def count(what: Value) -> Step:
    """Count them."""
    return Step(Count, {"target_to_count": what})


def learn(attribute: str) -> Step:
    """Learn it of the person."""
    return Step(GetPersonInfo, {"info_type": attribute})


def compare(measure: Value, category: Value) -> Step:
    """Find which is the most so."""
    return Step(GetVisualInfo, {"measure": measure, "object_category": category})


HOME = go("start_location")
GIVE = Step(GiveObject, {})
PUT = Step(PlaceObject, {})
ANSWER = Step(AnswerQuestion, {})
INTRODUCE = say("introduction")
UNTIL_TOLD = follow("canceled")
FOLLOW_HOME = follow("start_location")
GUIDE_HOME = guide("start_location")
TELL_COUNT = say("count")
TELL_PERSON = say("get_person_info")
TELL_VISUAL = say("get_visual_info")
