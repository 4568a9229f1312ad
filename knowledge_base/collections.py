"""The collections, one row each: the kind of their entries and the fields those may have."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from schemas.errors import NotFound
from schemas.grounding import EntityKind


@dataclass(frozen=True, slots=True)
class Collection:
    """A row of the table."""

    name: str
    kind: EntityKind
    fields: frozenset[str]


def _row(name: str, kind: EntityKind, *fields: str) -> Collection:
    return Collection(name, kind, frozenset(("name", "aliases", *fields)))


COLLECTIONS: dict[str, Collection] = {
    row.name: row
    for row in (
        _row("rooms", EntityKind.ROOM, "pose", "polygon"),
        _row("placements", EntityKind.PLACEMENT, "room", "pose", "holds_objects"),
        _row("objects", EntityKind.OBJECT, "plural", "category", "placement"),
        _row("categories", EntityKind.CATEGORY, "plural", "placement"),
        _row("people", EntityKind.PERSON),
        _row("topics", EntityKind.TOPIC, "text"),
    )
}


def collection_named(name: str) -> Collection:
    """The row of that name.

    Raises:
        NotFound: there is none.
    """
    if name not in COLLECTIONS:
        raise NotFound(f"there is no collection {name!r}: there are {', '.join(COLLECTIONS)}")
    return COLLECTIONS[name]


class CollectionInfo(BaseModel):
    """A collection as the API lists it."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: EntityKind
    entries: int
    embedder: str
    fields: tuple[str, ...]
    """Fields of its entries, in the order of an entry."""
