"""One thing the robot knows."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.grounding import EntityKind, Pose

EntryId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
Phrase = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
Point = tuple[float, float]


class Content(BaseModel):
    """What a team writes about an entry; fields its kind has no use for stay empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Phrase
    aliases: tuple[Phrase, ...] = ()
    """Other words for it."""
    plural: Phrase | None = None
    room: str | None = None
    """Name of the room a placement is in."""
    category: str | None = None
    """Name of the category an object belongs to."""
    placement: str | None = None
    """Name of the usual placement of an object or of a category's members."""
    holds_objects: bool = True
    """Whether a placement is one that objects are taken from and put on."""
    pose: Pose | None = None
    polygon: tuple[Point, ...] = ()
    """Outline of a room in metres, in the map frame."""
    text: Annotated[str, StringConstraints(max_length=4000)] | None = None
    """What the robot says about a topic."""

    def version(self) -> str:
        """Version of this content: the same content has the same tag."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class Entry(Content):
    """Content with its place in a collection."""

    id: EntryId
    kind: EntityKind
    etag: str = Field(description="Version; send it as If-Match to change only what you read.")

    def content(self) -> Content:
        """Without id, kind and version."""
        return Content(**self.model_dump(exclude={"id", "kind", "etag"}))
