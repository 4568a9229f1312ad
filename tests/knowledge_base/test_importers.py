"""Files of every form, good and broken; and back out again."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.service import Service
from app.settings import Settings
from knowledge_base import KnowledgeBase, importers
from knowledge_base.collections import COLLECTIONS
from models.stub import StubModel
from schemas.commands import GoTo
from schemas.errors import ImportRejected
from schemas.plan import Plan
from tests.conftest import served, shared_parts

Opened = Callable[..., KnowledgeBase]

TEMPLATE = {
    "maps/room_names.md": """# Room names

| Room |
| --- |
| workshop |
| living room |
""",
    "maps/location_names.md": """# Locations

| Number | Name |
| :----- | :--- |
| 1 | lathe |
| 2 | tool_wall (p) |
| 3 | bench (p) |
""",
    "objects/objects.md": """# Class tools (tool)

| Objectname | Image |
| :-- | :-- |
| mallet | ![](images/mallet.png) |
| hand_saw | ![](images/hand_saw.png) |

# Class power tools (power_tool)

| Objectname | Image |
| :-- | :-- |
| drill | ![](images/drill.png) |
""",
    "names/names.md": "| Names |\n| --- |\n| Zoë |\n| Bo |\n",
    "README.md": "# Arena\n\n| not | this |\n|---|---|\n| one | row |\n",
}

AREAS = {
    "tool_shed": {
        "safe_place": [1.0, 2.0, 0.0, 0.0, 0.0, 0.6, 0.8],
        "potting_table": [],
        "hook": [3.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        "polygon": [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]],
    },
    "start_location": {"safe_place": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]},
}


def zipped(files: dict[str, str]) -> bytes:
    """The files as an upload."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"CompetitionTemplate/{name}", text)
    return buffer.getvalue()


def test_a_competition_template_is_read(tmp_path: Path) -> None:
    for name, text in TEMPLATE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = importers.read(importers.files_in(tmp_path)).contents
    assert set(found["rooms"]) == {"workshop", "living_room"}
    assert {i: c.holds_objects for i, c in found["placements"].items()} == {
        "lathe": False,
        "tool_wall": True,
        "bench": True,
    }
    assert {i: c.category for i, c in found["objects"].items()} == {
        "mallet": "tool",
        "hand_saw": "tool",
        "drill": "power tool",
    }
    assert {c.name: c.plural for c in found["categories"].values()} == {
        "tool": "tools",
        "power tool": "power tools",
    }
    assert found["people"]["zoe"].name == "Zoë"


def test_a_zip_is_read_as_its_folder(tmp_path: Path) -> None:
    found = importers.read(importers.files_of("template.zip", zipped(TEMPLATE))).contents
    assert {name: len(rows) for name, rows in found.items()} == {
        "rooms": 2,
        "placements": 3,
        "objects": 3,
        "categories": 2,
        "people": 2,
    }


def test_areas_carry_poses_and_outlines() -> None:
    found = importers.read({"areas.json": json.dumps(AREAS)}).contents
    assert set(found["rooms"]) == {"tool_shed"}
    shed = found["rooms"]["tool_shed"]
    assert (shed.name, shed.pose, len(shed.polygon)) == ("tool shed", (1, 2, 0, 0, 0, 0.6, 0.8), 3)
    table, hook = found["placements"]["potting_table"], found["placements"]["hook"]
    assert (table.room, table.pose) == ("tool shed", None)
    assert hook.pose == (3, 2, 0, 0, 0, 0, 1)


def test_places_of_one_name_in_two_rooms_are_two() -> None:
    areas = {"hall": {"table": []}, "attic": {"table": []}}
    found = importers.read({"areas.json": json.dumps(areas)}).contents["placements"]
    assert {i: c.room for i, c in found.items()} == {"table": "hall", "attic_table": "attic"}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "no file"),
        ({"notes.md": "# Nothing"}, "notes.md"),
        ({"a.yaml": "rooms: [: :"}, r"a\.yaml is no YAML"),
        ({"a.yaml": "rooms:\n  - {name: a}\n - b"}, r"a\.yaml is no YAML: .* in line 3"),
        (
            {"a.yaml": "rooms:\n  - {name: a, pose: [1, 2]}"},
            r"rooms\[0\].* pose: seven numbers[^;]*$",
        ),
        ({"a.yaml": "rooms:\n  - {name: a, polygon: [1, 2]}"}, r"polygon: a list of points[^;]*$"),
        ({"a.yaml": "rooms: kitchen"}, "rooms is no list"),
        ({"a.yaml": "rooms: [kitchen]"}, r"rooms\[0\]"),
        ({"a.yaml": "rooms: [{name: x, beds: 2}]"}, "beds"),
        ({"a.yaml": "rooms: []\ngadgets: [{name: x}]"}, "gadgets"),
        ({"a.json": "{"}, r"a\.json is no JSON"),
        ({"a.json": '{"hall": {"table": [1, 2]}}'}, r"hall\.table.*pose"),
    ],
)
def test_a_broken_file_is_named(files: dict[str, str], says: str) -> None:
    with pytest.raises(ImportRejected, match=says):
        importers.read(files)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.zip", b"PK\x03\x04 broken", "no zip"),
        ("a.yaml", b"rooms: [{name: caf\xe9}]", "not UTF-8"),
        ("a.zip", zipped({f"{n}.md": "" for n in range(201)}), "more than 200 files"),
    ],
)
def test_a_broken_upload_is_named(name: str, data: bytes, says: str) -> None:
    with pytest.raises(ImportRejected, match=says):
        importers.files_of(name, data)


def test_nothing_is_changed_by_a_broken_import(small: KnowledgeBase) -> None:
    before = small.export()
    with pytest.raises(ImportRejected):
        small.import_upload("a.yaml", b"objects: [{name: saw}]\nrooms: [{name: ''}]")
    assert small.export() == before


def test_what_is_exported_can_be_imported(arena: KnowledgeBase, opened: Opened) -> None:
    exported = arena.export()
    copy = opened()
    for collection in COLLECTIONS:
        for entry in copy.entries(collection):
            copy.delete(collection, entry.id)
    copy.import_upload("arena.yaml", exported.encode())
    assert copy.export() == exported
    for collection in COLLECTIONS:
        assert copy.entries(collection) == arena.entries(collection)


def test_an_import_changes_what_a_running_service_understands(
    stub: StubModel, small: KnowledgeBase
) -> None:
    command = GoTo(action="go_to", location_to_go="tool wall")
    stub.enqueue(Plan(commands=(command,)), Plan(commands=(command,)))
    with served(Service(Settings(), load=shared_parts(stub, small))) as client:
        assert understood(client) == "clarify"
        files = {"files": ("template.zip", zipped(TEMPLATE))}
        report = client.post("/v1/knowledge/import", files=files)
        assert report.status_code == 200
        assert report.json()["added"]["placements"] == 3
        assert understood(client) == "interpreted"


def understood(client: httpx.Client) -> str:
    """What becomes of one utterance."""
    answer = client.post("/v1/interpret", json={"text": "go to the tool wall"})
    assert answer.status_code == 200
    return str(answer.json()["outcome"])
