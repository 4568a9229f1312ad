"""An entry that names another which nobody described: told, not taken silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base import KnowledgeBase
from schemas.commands import GoTo, PickObject

LOST = """
placements:
  - {name: oak stand, room: celler}
  - {name: pine stand, room: celler}
  - {name: ash stand, room: celler}
  - {name: elm stand, room: celler}
objects:
  - {name: sextant, category: instrument, placement: pine stand}
"""


def test_an_import_warns_of_every_name_that_leads_nowhere(
    small: KnowledgeBase, tmp_path: Path
) -> None:
    (tmp_path / "lost.yaml").write_text(LOST)
    report = small.import_path(tmp_path / "lost.yaml")
    assert report.added == {"placements": 4, "objects": 1}
    assert report.warnings == small.warnings()
    assert report.warnings == (
        "there is no room 'celler', named by placements/oak_stand, placements/pine_stand, "
        "placements/ash_stand and 1 more",
        "there is no category 'instrument', named by objects/sextant",
    )


def test_what_is_described_later_is_warned_of_no_more(small: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "lost.yaml").write_text(LOST)
    small.import_path(tmp_path / "lost.yaml")
    (tmp_path / "found.yaml").write_text(
        "{rooms: [{name: Celler}], categories: [{name: instrument, plural: instruments}]}"
    )
    assert small.import_path(tmp_path / "found.yaml").warnings == ()


def test_what_is_deleted_is_warned_of(small: KnowledgeBase) -> None:
    assert small.warnings() == ()
    small.delete("placements", "workbench")
    assert small.warnings() == ("there is no placement 'workbench', named by categories/tool",)


@pytest.mark.parametrize(
    ("collection", "field", "target"),
    [
        ("placements", "room", "rooms"),
        ("objects", "category", "categories"),
        ("objects", "placement", "placements"),
        ("categories", "placement", "placements"),
    ],
)
def test_entries_may_come_in_any_order(
    small: KnowledgeBase, collection: str, field: str, target: str
) -> None:
    small.put(collection, "thing", {"name": "thing", field: "Nowhere"})
    assert small.warnings() == (f"there is no {field} 'Nowhere', named by {collection}/thing",)
    small.put(target, "nowhere", {"name": "nowhere"})
    assert small.warnings() == ()


def test_a_room_is_the_same_in_capitals(small: KnowledgeBase) -> None:
    small.put("placements", "kitchen_rack", {"name": "oak rack", "room": "Kitchen"})
    small.put("placements", "cellar_rack", {"name": "elm rack", "room": "cellar"})
    _, rack = small.ground(
        [
            GoTo(action="go_to", location_to_go="kitchen"),
            GoTo(action="go_to", location_to_go="rack"),
        ],
        "go to the kitchen and then to the rack",
    )
    assert rack["location_to_go"].id == "kitchen_rack"


def test_a_usual_placement_is_told_in_its_room_in_capitals(small: KnowledgeBase) -> None:
    small.put("placements", "workbench", {"name": "workbench", "room": "Cellar"})
    _, taken = small.ground(
        [
            GoTo(action="go_to", location_to_go="cellar"),
            PickObject(action="pick_object", object_to_pick="hammer"),
        ],
        "get the hammer from the cellar",
    )
    usual = taken["object_to_pick"].usual_placement
    assert usual is not None
    assert usual.id == "workbench"
