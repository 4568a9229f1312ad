"""The decision about a slot: what is known, asked about, refused; and the plan as context."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge_base import KnowledgeBase
from schemas.commands import Count, FindPersonByName, GoTo, PickObject, RobotCommand
from schemas.grounding import Grounding, Method, Status

DECISIONS: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "decisions.yaml").read_text(encoding="utf-8")
)
COMMANDS: dict[str, Callable[[str], RobotCommand]] = {
    "place": lambda phrase: GoTo(action="go_to", location_to_go=phrase),
    "thing": lambda phrase: PickObject(action="pick_object", object_to_pick=phrase),
    "person": lambda phrase: FindPersonByName(action="find_person_by_name", name=phrase),
}


def grounded(knowledge: KnowledgeBase, *commands: RobotCommand) -> Grounding:
    """The decision about the only slot of the last command."""
    fields = knowledge.ground(commands, "")[-1]
    (grounding,) = fields.values()
    return grounding


@pytest.mark.parametrize(
    ("slot", "phrase", "expected"),
    [(slot, phrase, label) for slot, rows in DECISIONS.items() for phrase, label in rows.items()],
)
def test_a_decision(arena: KnowledgeBase, slot: str, phrase: str, expected: Any) -> None:
    found = grounded(arena, COMMANDS[slot](phrase))
    assert found.phrase == phrase
    if isinstance(expected, list):
        assert found.status is Status.AMBIGUOUS
        assert {c.id for c in found.alternatives} == set(expected)
    elif expected is None:
        assert found.status is Status.UNKNOWN
        assert (found.id, found.name, found.method) == (None, None, Method.NONE)
    else:
        assert found.status in (Status.KNOWN, Status.CATEGORY)
        assert found.id == expected


def test_a_category_stays_one_and_lists_its_members(arena: KnowledgeBase) -> None:
    found = grounded(arena, COMMANDS["thing"]("a fruit"))
    assert (found.status, found.id) == (Status.CATEGORY, "fruit")
    assert {c.id for c in found.alternatives} >= {"apple", "banana", "plum"}


def test_an_unknown_word_names_its_neighbours_and_takes_none(arena: KnowledgeBase) -> None:
    found = grounded(arena, COMMANDS["thing"]("bandana"))
    assert found.status is Status.UNKNOWN
    assert "banana" in {c.id for c in found.alternatives}


def test_a_literal_is_not_looked_up(arena: KnowledgeBase) -> None:
    found = grounded(arena, COMMANDS["place"]("start_location"))
    assert (found.status, found.method) == (Status.LITERAL, Method.LITERAL)


def test_people_are_described_not_looked_up(arena: KnowledgeBase) -> None:
    found = grounded(arena, Count(action="count", target_to_count="people wearing red"))
    assert found.status is Status.LITERAL


def test_the_room_of_the_plan_tells_namesakes_apart(small: KnowledgeBase) -> None:
    small.put("placements", "kitchen_rack", {"name": "rack", "room": "kitchen"})
    small.put("placements", "cellar_rack", {"name": "rack", "room": "cellar"})
    alone = grounded(small, COMMANDS["place"]("the rack"))
    assert alone.status is Status.AMBIGUOUS
    assert {c.room for c in alone.alternatives} == {"kitchen", "cellar"}
    after = grounded(small, COMMANDS["place"]("the cellar"), COMMANDS["place"]("the rack"))
    assert (after.id, after.method) == ("cellar_rack", Method.CONTEXT)
    named = grounded(small, COMMANDS["place"]("the rack in the kitchen"))
    assert named.id == "kitchen_rack"


def test_what_is_taken_from_holds_objects(small: KnowledgeBase) -> None:
    small.put("placements", "oak_stand", {"name": "oak stand", "room": "kitchen"})
    small.put("placements", "hat_stand", {"name": "hat stand", "holds_objects": False})
    going = COMMANDS["place"]("the stand")
    assert grounded(small, going).status is Status.AMBIGUOUS
    first, _ = small.ground([going, COMMANDS["thing"]("hammer")], "")
    assert first["location_to_go"].id == "oak_stand"


def test_a_command_waits_for_the_next_only_where_it_hangs_on_it(small: KnowledgeBase) -> None:
    small.put("placements", "oak_stand", {"name": "oak stand", "room": "kitchen"})
    small.put("placements", "hat_stand", {"name": "hat stand", "holds_objects": False})
    going, taking = COMMANDS["place"]("the stand"), COMMANDS["thing"]("hammer")
    grounding = small.plan_grounding()
    steps = [list(grounding.add(c)) for c in (taking, going, going, taking, going)]
    assert [len(fields) for fields in steps] == [1, 0, 1, 2, 0]
    told = [*itertools.chain(*steps), *grounding.end()]
    assert list(grounding.end()) == []
    assert tuple(told) == small.ground([taking, going, going, taking, going], "")
    places = [fields["location_to_go"] for fields in told if "location_to_go" in fields]
    assert [place.id for place in places] == [None, "oak_stand", "oak_stand"]


def test_accents_may_be_missing(small: KnowledgeBase) -> None:
    assert grounded(small, COMMANDS["person"]("Soren")).id == "soren_kierkegaard"
