"""An ``areas.json`` as frida-cortex's robots use it: rooms, in them poses by place, an outline.

``{room: {place: pose or [], "safe_place": pose, "polygon": [[x, y] …]}}``; an empty pose is a place
nobody has measured yet. ``safe_place`` is where the robot stands in the room.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from knowledge_base.importers.arena import Arena
from schemas.errors import ImportRejected

_ROOM_POSE = "safe_place"
_OUTLINE = "polygon"
_OPERATOR = "start_location"


def read(files: Mapping[str, str]) -> Arena:
    """The rooms and placements of every JSON file of that form.

    Raises:
        ImportRejected: the JSON is broken, or a pose has not 7 numbers.
    """
    found = Arena()
    for name, text in files.items():
        if not name.lower().endswith(".json"):
            continue
        try:
            data = json.loads(text)
        except ValueError as error:
            raise ImportRejected(f"{name} is no JSON: {error}") from None
        if isinstance(data, dict) and data and all(isinstance(v, dict) for v in data.values()):
            _add(found, name, data)
    return found


def _add(found: Arena, name: str, areas: Mapping[str, Mapping[str, Any]]) -> None:
    for room, places in areas.items():
        if room == _OPERATOR:  # a literal of the command set, not a room
            continue
        spoken = room.replace("_", " ")
        fields: dict[str, Any] = {"name": spoken, "polygon": places.get(_OUTLINE) or ()}
        found.put("rooms", fields | _pose(places.get(_ROOM_POSE)), f"{name}: {room}")
        for place, pose in places.items():
            if place not in (_ROOM_POSE, _OUTLINE):
                placed = {"name": place.replace("_", " "), "room": spoken} | _pose(pose)
                found.put("placements", placed, f"{name}: {room}.{place}")


def _pose(value: Any) -> dict[str, Any]:
    return {"pose": value} if value else {}
