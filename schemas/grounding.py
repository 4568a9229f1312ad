"""How a slot's words were tied to what the robot knows."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Pose = tuple[float, float, float, float, float, float, float]
"""Position in metres and orientation quaternion in the map frame: x, y, z, qx, qy, qz, qw."""

Score = Annotated[float, Field(ge=0.0, le=1.0)]


class Status(StrEnum):
    """The decision about one slot."""

    KNOWN = "known"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    LITERAL = "literal"
    CATEGORY = "category"


class Method(StrEnum):
    """The evidence that carried the decision."""

    EXACT = "exact"
    ALIAS = "alias"
    FUZZY = "fuzzy"
    PHONETIC = "phonetic"
    HEAD = "head"
    SEMANTIC = "semantic"
    CONTEXT = "context"
    LITERAL = "literal"
    NONE = "none"


class EntityKind(StrEnum):
    """What a knowledge entry is."""

    ROOM = "room"
    PLACEMENT = "placement"
    OBJECT = "object"
    CATEGORY = "category"
    PERSON = "person"
    TOPIC = "topic"


class Candidate(BaseModel):
    """An entry the words may mean, or a member of the category they name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    kind: EntityKind
    room: str | None = None
    score: Score


class Fact(BaseModel):
    """Something the robot may say, and where it is from; never invented."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    source: str
    """``topics/ID`` for an entry, ``clock`` for what is computed from the time."""


class Grounding(BaseModel):
    """One slot's decision; ``phrase`` keeps the speaker's words."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    phrase: str
    """The speaker's words."""
    status: Status
    id: str | None = None
    """The entry that is meant, as in /v1/knowledge/{collection}/{id}."""
    name: str | None = None
    """Its name: the slot's value."""
    kind: EntityKind | None = None
    room: str | None = None
    """The room it is in."""
    pose: Pose | None = None
    """x, y, z in metres and the quaternion x, y, z, w, in the map frame."""
    score: Score
    """How well the words fit, 0 to 1."""
    method: Method
    alternatives: tuple[Candidate, ...] = ()
    """What else the words may mean; the members of a category."""
    usual_placement: Candidate | None = Field(
        default=None, exclude_if=lambda placement: placement is None
    )
    """Where the thing usually is: a suggestion of the robot's, not the speaker's."""
    facts: tuple[Fact, ...] = Field(default=(), exclude_if=lambda facts: not facts)
    """What the robot may say about a topic; left out where there is none."""


Fields = dict[str, Grounding]
"""By field, the grounding of every slot of a command that the speaker filled."""
