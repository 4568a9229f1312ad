"""The commands a robot can be given: one frozen class each.

Everything else about a command is derived from its class: the JSON schema, the decoding
grammar, the order automaton, the prompt catalogue, ``GET /v1/commands``, the console's forms
and the training target. To add a command, write its class here and name it in ``Command``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

MAX_SLOT_LENGTH = 60
"""Characters a decoded slot value may have; the longest value of the GPSR sets has 40."""


class Fact(StrEnum):
    """Something true of the world while a plan runs."""

    PERSON_FOUND = "person_found"
    OBJECT_HELD = "object_held"


@dataclass(frozen=True, slots=True)
class Slot:
    """How the value of a field is tied to what the robot knows."""

    description: str
    collections: tuple[str, ...] = ()
    """Knowledge collections that may hold the value; none: the words stand for themselves."""
    literals: tuple[str, ...] = ()
    """Values with a meaning of their own, never looked up."""
    free: bool = False
    """A value no collection knows is a description, not an unknown entity."""
    plural: bool = False
    """The entry's plural is its name here: fruits are counted, a fruit is picked."""
    empty: bool = False
    """May be the empty string."""
    verbatim: bool = False
    """Words of the utterance as they were said, the last one perhaps in the singular, or a literal;
    elsewhere the model may turn them: a coat's colour comes before the coat."""
    generated: bool = True
    """Written by the model; otherwise the service fills it in."""

    @property
    def bounds(self) -> dict[str, int]:
        """The value's length as JSON Schema keywords, for validation and decoding alike."""
        least = {} if self.empty else {"minLength": 1}
        return least | ({"maxLength": MAX_SLOT_LENGTH} if self.generated else {})

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        bounds = self.bounds
        return core_schema.str_schema(
            min_length=bounds.get("minLength"),
            max_length=bounds.get("maxLength"),
            strip_whitespace=True,
        )

    def __get_pydantic_json_schema__(
        self, schema_in: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(schema_in)
        schema["description"] = self.description
        if self.collections:
            schema["x-collections"] = list(self.collections)
        if self.literals:
            schema["x-literals"] = list(self.literals)
        return schema


PLACES = ("placements", "rooms")
THINGS = ("objects", "categories")

Place = Annotated[
    str,
    Slot(
        "A room or a placement, or back to the operator.",
        PLACES,
        ("start_location",),
        verbatim=True,
    ),
]
FollowGoal = Annotated[
    str,
    Slot(
        "Where the following ends, or until told to stop.",
        PLACES,
        ("canceled", "start_location"),
        verbatim=True,
    ),
]
Thing = Annotated[str, Slot("An object, or any member of a category.", THINGS, verbatim=True)]
Kind = Annotated[
    str,
    Slot(
        "A category, an object, or any object.",
        ("categories", "objects"),
        ("object",),
        verbatim=True,
    ),
]
Countable = Annotated[
    str,
    Slot(
        "Objects of a category, or people of a description.",
        ("categories", "objects"),
        ("persons", "objects"),
        free=True,
        plural=True,
    ),
]
Name = Annotated[str, Slot("A person's name.", ("people",), verbatim=True)]
Description = Annotated[
    str,
    Slot(
        "Pose, gesture or clothes that tell the person apart; empty: anyone.", free=True, empty=True
    ),
]
Measure = Annotated[str, Slot("A superlative: biggest, heaviest, thinnest …", free=True)]
Attribute = Annotated[
    str, Slot("What to learn about the person: name, pose, gesture or gender.", free=True)
]
Topic = Annotated[
    str,
    Slot(
        "What to say: a topic, a greeting, or the result of an earlier command.",
        ("topics",),
        ("introduction", "count", "get_person_info", "get_visual_info"),
        free=True,
    ),
]
Utterance = Annotated[str, Slot("The operator's words.", free=True, generated=False)]


class RobotCommand(BaseModel):
    """What every command has: a tag, slots, and its place in the order of a plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    needs: ClassVar[frozenset[Fact]] = frozenset()
    gains: ClassVar[frozenset[Fact]] = frozenset()
    loses: ClassVar[frozenset[Fact]] = frozenset()

    action: str

    @classmethod
    @cache
    def tag(cls) -> str:
        """The value of the tag, as in ``go_to``."""
        tag: str = get_args(cls.model_fields["action"].annotation)[0]
        return tag

    @classmethod
    @cache
    def slots(cls) -> dict[str, Slot]:
        """The slots by field name, in the contract's order."""
        return {
            field: next(m for m in info.metadata if isinstance(m, Slot))
            for field, info in cls.model_fields.items()
            if field != "action"
        }

    @classmethod
    def generation_schema(cls) -> dict[str, Any]:
        """JSON Schema of what the model writes: closed, bounded, no field the service fills in."""
        written = {f: slot.bounds for f, slot in cls.slots().items() if slot.generated}
        return {
            "type": "object",
            "properties": {
                "action": {"const": cls.tag()},
                **{field: {"type": "string", **bounds} for field, bounds in written.items()},
            },
            "required": ["action", *written],
            "additionalProperties": False,
        }

    def written(self) -> dict[str, str]:
        """The fields the model writes, in order."""
        skipped = {field for field, slot in self.slots().items() if not slot.generated}
        return {field: value for field, value in self if field not in skipped}


class GoTo(RobotCommand):
    """Drive to a place."""

    action: Literal["go_to"]
    location_to_go: Place


class PickObject(RobotCommand):
    """Take an object at the place where the robot is."""

    gains = frozenset({Fact.OBJECT_HELD})

    action: Literal["pick_object"]
    object_to_pick: Thing


class FindPersonByName(RobotCommand):
    """Find the person of that name at the place where the robot is."""

    gains = frozenset({Fact.PERSON_FOUND})

    action: Literal["find_person_by_name"]
    name: Name


class FindPerson(RobotCommand):
    """Find a person of that description, or anyone, at the place where the robot is."""

    gains = frozenset({Fact.PERSON_FOUND})

    action: Literal["find_person"]
    attribute_value: Description


class Count(RobotCommand):
    """Count objects or people at the place where the robot is."""

    action: Literal["count"]
    target_to_count: Countable


class GetPersonInfo(RobotCommand):
    """Learn the name, pose or gesture of the person that was found."""

    needs = frozenset({Fact.PERSON_FOUND})

    action: Literal["get_person_info"]
    info_type: Attribute


class GetVisualInfo(RobotCommand):
    """Find which object is the biggest, heaviest, thinnest … at the place where the robot is."""

    action: Literal["get_visual_info"]
    measure: Measure
    object_category: Kind


class AnswerQuestion(RobotCommand):
    """Listen to the question of the person that was found, and answer it."""

    needs = frozenset({Fact.PERSON_FOUND})

    action: Literal["answer_question"]


class FollowPersonUntil(RobotCommand):
    """Follow the person that was found to a place, or until told to stop."""

    needs = frozenset({Fact.PERSON_FOUND})

    action: Literal["follow_person_until"]
    destination: FollowGoal


class GuidePersonTo(RobotCommand):
    """Lead the person that was found to a place."""

    needs = frozenset({Fact.PERSON_FOUND})

    action: Literal["guide_person_to"]
    destination_room: Place


class GiveObject(RobotCommand):
    """Hand over the object that is held."""

    needs = frozenset({Fact.OBJECT_HELD})
    loses = frozenset({Fact.OBJECT_HELD})

    action: Literal["give_object"]


class PlaceObject(RobotCommand):
    """Put the object that is held down at the place where the robot is."""

    needs = frozenset({Fact.OBJECT_HELD})
    loses = frozenset({Fact.OBJECT_HELD})

    action: Literal["place_object"]


class SayWithContext(RobotCommand):
    """Say something: a greeting, a topic, or the result of an earlier command."""

    action: Literal["say_with_context"]
    user_instruction: Utterance
    previous_command_info: Topic


Command = Annotated[
    GoTo
    | PickObject
    | FindPersonByName
    | FindPerson
    | Count
    | GetPersonInfo
    | GetVisualInfo
    | AnswerQuestion
    | FollowPersonUntil
    | GuidePersonTo
    | GiveObject
    | PlaceObject
    | SayWithContext,
    Field(discriminator="action"),
]
"""Any command, told apart by ``action``."""

COMMANDS: tuple[type[RobotCommand], ...] = get_args(get_args(Command)[0])
"""The classes of the union, in its order."""
