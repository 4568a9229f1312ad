"""What is kept, and what a broken store says."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge_base import KnowledgeBase, KnowledgeOptions
from knowledge_base.embedder import packaged_folder
from schemas.errors import (
    EmbedderMismatch,
    EmbedderMissing,
    ImportRejected,
    SettingsError,
    StoreCorrupt,
    StoreUnavailable,
)

Opened = Callable[..., KnowledgeBase]

WRITER = """
import sys
from pathlib import Path
from knowledge_base import KnowledgeBase, KnowledgeOptions

path, arena = map(Path, sys.argv[1:])
knowledge = KnowledgeBase.open(KnowledgeOptions(path=path, arena=arena))
for number in range(100_000):
    knowledge.put("objects", f"thing_{number}", {"name": f"thing {number}"})
    print(number, flush=True)
"""


def test_an_import_is_idempotent(small: KnowledgeBase, small_file: Path) -> None:
    again = small.import_path(small_file)
    assert not again.added
    assert not again.changed
    assert again.unchanged["objects"] == 2


def test_only_what_changed_is_written(small: KnowledgeBase, small_file: Path) -> None:
    small_file.write_text(
        "objects: [{name: hammer, category: toy}, {name: pliers, category: tool}]"
    )
    report = small.import_path(small_file)
    assert (report.changed, report.unchanged) == ({"objects": 1}, {"objects": 1})
    assert small.get("objects", "hammer").category == "toy"


def test_changes_survive_reopening(opened: Opened) -> None:
    first = opened()
    first.put("objects", "saw", {"name": "saw", "aliases": ["hand saw"]})
    first.delete("objects", "hammer")
    first.close()
    again = opened()
    assert [entry.id for entry in again.entries("objects")] == ["pliers", "saw"]
    assert again.get("objects", "saw").aliases == ("hand saw",)


def test_an_edited_arena_file_is_taken_over_at_the_next_start(
    opened: Opened, small_file: Path
) -> None:
    opened().close()
    small_file.write_text(small_file.read_text() + "\n", encoding="utf-8")
    small_file.write_text(small_file.read_text().replace("[bench]", "[bench, anvil]"))
    assert opened().get("placements", "workbench").aliases == ("bench", "anvil")


def test_nothing_acknowledged_is_lost_at_kill(tmp_path: Path, small_file: Path) -> None:
    path = tmp_path / "chroma"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(small_file)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    acknowledged = [int(line) for line, _ in zip(writer.stdout, range(40), strict=False)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in writer.stdout]
    writer.wait()
    writer.stdout.close()
    assert len(acknowledged) >= 40

    again = KnowledgeBase.open(KnowledgeOptions(path=path, arena=small_file))
    try:
        kept = {entry.id for entry in again.entries("objects")}
        assert {f"thing_{number}" for number in acknowledged} <= kept
        found = again.query("objects", f"thing {acknowledged[-1]}", 1)
        assert found[0].id == f"thing_{acknowledged[-1]}"
    finally:
        again.close()


def test_a_folder_belongs_to_one_process_at_a_time(
    opened: Opened, small_file: Path, tmp_path: Path
) -> None:
    first = opened()
    program = WRITER, str(tmp_path / "chroma"), str(small_file)
    second = subprocess.run(
        [sys.executable, "-c", *program], capture_output=True, text=True, check=False
    )
    assert "StoreInUse" in second.stderr
    assert str(tmp_path / "chroma") in second.stderr
    first.close()
    opened()


def test_another_embedder_is_refused(opened: Opened, tmp_path: Path) -> None:
    opened().close()
    other = tmp_path / "other-embedder"
    shutil.copytree(packaged_folder(), other)
    with (other / "model.safetensors").open("ab") as weights:
        weights.write(b"\0")
    with pytest.raises(EmbedderMismatch, match=r"all-MiniLM-L6-v2@.*other-embedder@"):
        opened(embedder=other)


def test_a_missing_embedder_is_named(opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(EmbedderMissing, match=re.escape(str(tmp_path / "nothing"))):
        opened(embedder=tmp_path / "nothing")


def test_a_broken_store_is_named(opened: Opened, tmp_path: Path) -> None:
    opened().close()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreCorrupt, match=re.escape(str(tmp_path / "chroma"))):
        opened()


def test_a_store_of_a_foreign_form_is_named(opened: Opened, tmp_path: Path) -> None:
    folder = tmp_path / "chroma"
    folder.mkdir()
    with sqlite3.connect(folder / "chroma.sqlite3") as database:
        database.execute("CREATE TABLE collections (other INTEGER)")
    database.close()
    with pytest.raises(StoreCorrupt):
        opened()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "127.0.0.1:9"])
def test_a_dead_server_is_named(opened: Opened, url: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:9 .*connect"):
        opened(chroma_url=url)


def test_a_path_that_can_be_no_folder_is_a_wrong_setting(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file", tmp_path / "file" / "chroma"):
        with pytest.raises(SettingsError, match=re.escape(str(path))) as wrong:
            opened(path=path)
        assert "KNOWLEDGE__PATH" in wrong.value.hint


def test_a_folder_that_may_not_be_written_is_a_wrong_setting(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    with pytest.raises(SettingsError, match="may not be written"):
        opened()


def test_an_arena_that_is_not_there_is_named_with_its_setting(
    opened: Opened, tmp_path: Path
) -> None:
    with pytest.raises(ImportRejected, match=r"nowhere\.yaml") as wrong:
        opened(arena=tmp_path / "nowhere.yaml")
    assert "KNOWLEDGE__ARENA" in wrong.value.hint


def test_an_arena_that_is_not_there_is_named(opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(ImportRejected, match=r"nowhere\.yaml"):
        opened(arena=tmp_path / "nowhere.yaml")
