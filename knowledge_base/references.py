"""Whether the entries that others name are there: a placement's room, an object's category."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from knowledge_base.entry import Content
from knowledge_base.index import Index

_REFERENCES = {"room": "rooms", "category": "categories", "placement": "placements"}
"""Fields that name an entry, and the collection it is looked for in."""

_NAMED = 3
"""Entries a warning names; the others are counted."""


def _missing(content: Content, indexes: Mapping[str, Index]) -> Iterator[tuple[str, str]]:
    """Field and name of every reference that leads nowhere."""
    for field, collection in _REFERENCES.items():
        name = getattr(content, field)
        if name is not None and not indexes[collection].exactly(name):
            yield field, name


def warnings(indexes: Mapping[str, Index]) -> tuple[str, ...]:
    """One sentence for every name that leads nowhere, with the entries it is written in."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for collection, index in indexes.items():
        for entry in index.entries.values():
            for reference in _missing(entry, indexes):
                found[reference].append(f"{collection}/{entry.id}")
    return tuple(
        f"there is no {field} {name!r}, named by {_listed(where)}"
        for (field, name), where in found.items()
    )


def _listed(where: list[str]) -> str:
    more = len(where) - _NAMED
    return ", ".join(where[:_NAMED]) + (f" and {more} more" if more > 0 else "")
