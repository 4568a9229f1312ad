"""The results that frida-cortex expects in its own arena: what is accepted as what, what rejected.

The file holds the arena (``areas``, ``items``) and, by phrase, the expected result: ``arrived to:
room -> place``, ``arrived to: room``, ``picked up: thing`` or ``failed …``. Its arena has no
categories, and its labels take one thing for a category ("fruit" is the apple); a category of
general English that lists that thing among its members meets such a label.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.grounding_peers import Nearest
from benchmarks.phrase_sets import Decision, ask, decision
from knowledge_base import KnowledgeBase, KnowledgeOptions
from knowledge_base.embedder import Embedder
from schemas.errors import InvalidRequest
from schemas.grounding import Grounding, Status

LITERALS = ("start_location",)

TASTE = {
    "armchair": "the couches: a chair for one is no couch",
    "bookshelf": "the kitchen's shelf: it need not hold books",
    "chairs": "a table: chairs stand at it, they are not it",
    "coffee grounds": "a mug: what holds the coffee, not the coffee",
    "desk lamp": "the desk: the place of the lamp, not the lamp",
    "dishwasher": "the sink: another place to wash up",
    "pantry": "the kitchen's shelf",
    "plum": "a peach: another fruit",
    "cleaning supply": "rejected, though the arena has a sponge",
    "snack": "biscuits, by a Spanish name, and not the crisps",
    "side tables": "the dining room's table",
    "spam": "the tuna can: another canned food",
}
"""Labels that take a thing for its neighbour, or for one of several: matters of taste."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One label: the entry's room and name, or nothing for a rejection."""

    slot: str
    phrase: str
    name: str | None
    room: str | None = None

    def right(
        self,
        decided: Decision,
        names: Mapping[str, tuple[str, str | None]],
        members: Collection[str] = (),
    ) -> bool:
        """Whether what is done is what the label says; asking back is doing nothing."""
        if self.phrase in LITERALS:
            return decided.status is Status.LITERAL
        if self.name is None:
            return not decided.acts
        found = [names[i] for i in (*decided.ids, *members) if i in names]
        room = self.room
        if decided.status is Status.CATEGORY and self.name == self.phrase:
            return True  # "food" is to be food
        fits = any(_same(n, self.name) and (room is None or _same(r or "", room)) for n, r in found)
        return decided.acts and fits


def measure(path: Path, console: Console) -> dict[str, Any]:
    """Shares of right results, ours and the nearest neighbour's, and every wrong one."""
    data = _read(path)
    with tempfile.TemporaryDirectory() as folder:
        embedder = Embedder(None)
        knowledge = _opened(data, Path(folder), embedder)
        nearest = Nearest(knowledge, embedder)
        names = {
            e.id: (e.name, e.room if name == "placements" else None)
            for name in ("rooms", "placements", "objects", "categories")
            for e in knowledge.entries(name)
        }
        cases = list(_expected(data))
        asked = {c.phrase: ask(knowledge, c.slot, c.phrase) for c in cases}
        ours = {phrase: decision(grounding) for phrase, grounding in asked.items()}
        members = {phrase: _members(grounding) for phrase, grounding in asked.items()}
        right = {c.phrase: c.right(ours[c.phrase], names, members[c.phrase]) for c in cases}
        theirs = sum(c.right(nearest.decide(c.slot, c.phrase), names) for c in cases)
        knowledge.close()
    _print(console, cases, ours, right)
    without = [c for c in cases if c.phrase not in TASTE]
    result = {
        "labels": len(cases),
        "right": sum(right.values()),
        "nearest_neighbour_right": theirs,
        "taste": sorted(TASTE),
        "labels_without_taste": len(without),
        "right_without_taste": sum(right[c.phrase] for c in without),
    }
    console.print(result)
    return result


def _members(grounding: Grounding) -> list[str]:
    """Ids of the things that a category stands for."""
    category = grounding.status is Status.CATEGORY
    return [c.id for c in grounding.alternatives] if category else []


def _read(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}") from None
    return data


def _opened(data: Mapping[str, Any], folder: Path, embedder: Embedder) -> KnowledgeBase:
    """The file's arena, its objects under their written names."""
    arena = folder / "arena"
    arena.mkdir()
    (arena / "areas.json").write_text(json.dumps(data["areas"]))
    objects = [{"name": _spoken(item["document"])} for item in data["items"]]
    (arena / "objects.yaml").write_text(yaml.safe_dump({"objects": objects}))
    options = KnowledgeOptions(path=folder / "chroma", arena=arena)
    return KnowledgeBase.open(options, embedder=embedder)


def _expected(data: Mapping[str, Any]) -> Iterator[Expected]:
    for phrase, label in data["places"].items():
        match = re.fullmatch(r"arrived to: (\w+)(?: -> (\w+))?", label)
        room, place = match.groups() if match else (None, None)
        yield Expected("place", phrase, place or room, room if place else None)
    for phrase, label in data["objects"].items():
        match = re.fullmatch(r"picked up: (\w+)", label)
        yield Expected("thing", phrase, match[1] if match else None)


def _print(
    console: Console,
    cases: list[Expected],
    ours: Mapping[str, Decision],
    right: Mapping[str, bool],
) -> None:
    table = Table("phrase", "label", "decided", "taste", title="Execution labels not met")
    for case in cases:
        if not right[case.phrase]:
            got = ours[case.phrase]
            label = f"{case.room or ''} {case.name or 'rejected'}".strip()
            told = f"{got.status.value} {', '.join(sorted(got.ids))}"
            table.add_row(case.phrase, label, told, TASTE.get(case.phrase, ""))
    console.print(table)


def _spoken(name: str) -> str:
    return name.replace("_", " ").strip()


def _same(name: str, label: str) -> bool:
    """The arena and its labels spell some entries differently: shelve and shelf."""
    spelled = {"shelve": "shelf", "dinning room": "dining room"}
    one, other = (spelled.get(_spoken(n), _spoken(n)) for n in (name, label))
    return one == other
