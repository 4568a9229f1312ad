"""The labelled phrases of ``benchmarks/phrases``, and how an answer to one is judged."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge_base import KnowledgeBase, KnowledgeOptions
from knowledge_base.embedder import Embedder
from knowledge_base.options import DEFAULT_ARENA
from schemas.commands import FindPersonByName, GoTo, PickObject, RobotCommand
from schemas.grounding import Grounding, Status

FOLDER = Path(__file__).parent / "phrases"
ARENAS = {
    "default": DEFAULT_ARENA,
    "house": FOLDER / "arenas" / "house.yaml",
    "hotel": FOLDER / "arenas" / "hotel.yaml",
}
COLLECTIONS = {
    "place": ("placements", "rooms"),
    "thing": ("objects", "categories"),
    "person": ("people",),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A status and the ids it is about: one, several or none."""

    status: Status
    ids: frozenset[str]

    @property
    def acts(self) -> bool:
        """Whether the robot would act on it without asking."""
        return self.status in (Status.KNOWN, Status.CATEGORY)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A phrase and the decision it should get."""

    arena: str
    slot: str
    kind: str
    phrase: str
    expected: Decision

    @property
    def held_out(self) -> bool:
        """Whether it is kept for the final figure; stable over time."""
        text = f"{self.arena}/{self.slot}/{self.phrase}"
        return hashlib.sha256(text.encode()).digest()[0] % 2 == 0

    def right(self, decision: Decision) -> bool:
        """The same status, and the same entry; of an ambiguous phrase all labelled entries."""
        same = decision.status is self.expected.status
        return same and self.expected.ids <= decision.ids

    def wrongly_accepted(self, decision: Decision) -> bool:
        """Whether the robot would act on something that was not meant."""
        return decision.acts and not (decision.ids <= self.expected.ids)


def read(arena: str, categories: Container[str]) -> Iterator[Labelled]:
    """The phrases of an arena whose categories have those ids."""
    data = yaml.safe_load((FOLDER / f"{arena}.yaml").read_text(encoding="utf-8"))
    for slot, kinds in data.items():
        for kind, phrases in kinds.items():
            for phrase, label in phrases.items():
                yield Labelled(arena, slot, kind, phrase, _expected(label, categories))


def open_arena(name: str, folder: Path, embedder: Embedder) -> KnowledgeBase:
    """The arena in a store of its own under ``folder``."""
    options = KnowledgeOptions(path=folder / name, arena=ARENAS[name])
    return KnowledgeBase.open(options, embedder=embedder)


def ask(knowledge: KnowledgeBase, slot: str, phrase: str) -> Grounding:
    """The knowledge base's own answer for a slot, in a plan of this one command."""
    (fields,) = knowledge.ground([_command(slot, phrase)], phrase)
    (grounding,) = fields.values()
    return grounding


def decision(grounding: Grounding) -> Decision:
    """What it decided."""
    if grounding.status is Status.AMBIGUOUS:
        return Decision(Status.AMBIGUOUS, frozenset(c.id for c in grounding.alternatives))
    ids = frozenset() if grounding.id is None else frozenset({grounding.id})
    return Decision(grounding.status, ids)


def _command(slot: str, phrase: str) -> RobotCommand:
    match slot:
        case "place":
            return GoTo(action="go_to", location_to_go=phrase)
        case "thing":
            return PickObject(action="pick_object", object_to_pick=phrase)
        case _:
            return FindPersonByName(action="find_person_by_name", name=phrase)


def _expected(label: str | list[str] | None, categories: Container[str]) -> Decision:
    match label:
        case None:
            return Decision(Status.UNKNOWN, frozenset())
        case str():
            status = Status.CATEGORY if label in categories else Status.KNOWN
            return Decision(status, frozenset({label}))
        case _:
            return Decision(Status.AMBIGUOUS, frozenset(label))
