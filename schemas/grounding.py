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

    model_config = ConfigDict(frozen=True, extra="forbid")

    phrase: str
    status: Status
    id: str | None = None
    name: str | None = None
    kind: EntityKind | None = None
    room: str | None = None
    pose: Pose | None = None
    score: Score
    method: Method
    alternatives: tuple[Candidate, ...] = ()
    usual_placement: Candidate | None = Field(
        default=None,
        exclude_if=lambda placement: placement is None,
        description="Where the thing usually is: a suggestion of the robot's, not the speaker's.",
    )
    facts: tuple[Fact, ...] = Field(default=(), exclude_if=lambda facts: not facts)
