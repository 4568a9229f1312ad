"""A RoboCup@Home competition template: markdown lists of rooms, locations, objects and names.

Rooms and locations are tables; ``(p)`` behind a location marks a placement. Objects are a table
under a heading a category, ``# Class drinks (drink)``; names are a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from knowledge_base.importers.arena import Arena

_CLASS = re.compile(r"^#+\s*class\s+(?P<plural>[^(]+?)\s*(?:\((?P<name>[^)]+)\))?\s*$", re.I)
_PLACEMENT = re.compile(r"\s*\(p\)\s*", re.I)
_HEADERS = frozenset(
    {"number", "id", "#", "name", "names", "objectname", "object", "image", "room"}
)


def read(files: Mapping[str, str]) -> Arena:
    """The entries of the markdown files that are named as the template names them."""
    found = Arena()
    for path, text in files.items():
        if not path.lower().endswith(".md"):
            continue
        stem = PurePosixPath(path).stem.lower()
        if "room" in stem:
            for name in _names(text):
                found.put("rooms", {"name": name}, path)
        elif "location" in stem:
            _locations(found, path, text)
        elif "object" in stem:
            _objects(found, path, text)
        elif "name" in stem:
            for name in _names(text):
                found.put("people", {"name": name}, path)
    return found


def _locations(found: Arena, path: str, text: str) -> None:
    for name in _names(text):
        holds = bool(_PLACEMENT.search(name))
        spoken = _PLACEMENT.sub(" ", name).strip()
        found.put("placements", {"name": spoken, "holds_objects": holds}, path)


def _objects(found: Arena, path: str, text: str) -> None:
    category: str | None = None
    for line in text.splitlines():
        heading = _CLASS.match(line.strip())
        if heading:
            plural = _spoken(heading["plural"])
            category = _spoken(heading["name"]) if heading["name"] else plural
            found.put("categories", {"name": category, "plural": plural}, path)
            continue
        for name in _names(line):
            fields = {"name": name} | ({"category": category} if category else {})
            found.put("objects", fields, path)


def _names(text: str) -> Iterator[str]:
    """The cell of each table row that holds a name: the first that is no number."""
    for line in text.splitlines():
        if not line.strip().startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        named = [c for c in cells if c and not c.isdigit() and not set(c) <= set("-: ")]
        if named and not all(re.sub(r"\W", "", c).lower() in _HEADERS for c in named):
            yield _spoken(named[0])


def _spoken(name: str) -> str:
    return re.sub(r"\s+", " ", name.replace("_", " ").replace("\\", "")).strip()
