"""What an import found: contents by collection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from knowledge_base.collections import collection_named
from knowledge_base.entry import Content, Entry
from knowledge_base.words import plain
from schemas.errors import ImportRejected, InvalidRequest, NotFound

_FORMS = {
    "pose": "seven numbers are needed, x, y, z and the quaternion x, y, z, w",
    "polygon": "a list of points [x, y] is needed",
}


@dataclass(slots=True)
class Arena:
    """Contents by collection and id; a later one of the same id replaces an earlier."""

    contents: dict[str, dict[str, Content]] = field(default_factory=dict)

    def put(self, collection: str, fields: Mapping[str, Any], where: str) -> None:
        """Add an entry as a file wrote it; ``where`` names the place in the file for errors.

        Raises:
            ImportRejected: the collection is unknown or a field is wrong.
        """
        try:
            content = content_of(collection, fields)
        except (InvalidRequest, NotFound) as fault:
            raise ImportRejected(f"{where}: {fault.message}") from None
        self.contents.setdefault(collection, {})[self._id(collection, content)] = content

    def _id(self, collection: str, content: Content) -> str:
        """The name's id, with the room in front where another room has one of that name."""
        own = slug(content.name)
        namesake = self.contents.get(collection, {}).get(own)
        if namesake is None or namesake.room == content.room or content.room is None:
            return own
        return f"{slug(content.room)}_{own}"[:64]

    def add(self, other: Arena) -> None:
        """Take over what another reader found."""
        for collection, contents in other.contents.items():
            self.contents.setdefault(collection, {}).update(contents)


def slug(name: str) -> str:
    """The id of an entry of that name."""
    ascii_only = re.sub(r"[^a-z0-9]+", "_", plain(name)).strip("_")
    return ascii_only[:64] or "_".join(f"{ord(c):x}" for c in name.strip())[:64]


def content_of(collection: str, fields: Mapping[str, Any]) -> Content:
    """Validated content for a collection.

    Raises:
        NotFound: there is no such collection.
        InvalidRequest: a field is wrong, or the collection's entries have none of that name.
    """
    row = collection_named(collection)
    foreign = sorted(set(fields) - row.fields)
    if foreign:
        raise InvalidRequest(
            f"{collection} have no {', '.join(foreign)}",
            hint=f"Fields of {collection}: {', '.join(sorted(row.fields))}.",
        )
    try:
        return Content.model_validate(dict(fields))
    except ValidationError as error:
        told = "; ".join(dict.fromkeys(map(_told, error.errors())))
        raise InvalidRequest(f"{collection}: {told}") from None


def _told(problem: ErrorDetails) -> str:
    """One wrong field; of one with many parts what it is, not each part that it is not."""
    field = problem["loc"][0]
    if field in _FORMS:
        return f"{field}: {_FORMS[str(field)]}"
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def entry_of(collection: str, entry_id: str, content: Content) -> Entry:
    """Content in its place."""
    return Entry(
        **dict(content),
        id=entry_id,
        kind=collection_named(collection).kind,
        etag=content.version(),
    )
