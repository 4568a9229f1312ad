"""What the documents tell to type works; the API reference is the API's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from app.service import Service, load_parts
from app.settings import Settings
from docs.reference import TARGET, reference
from knowledge_base.options import KnowledgeOptions
from tests.conftest import served

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "clients" / "python" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
NOT_RUN = {
    "make serve": "installs; the suite itself runs from what it installs",
    "docker compose": "needs a Docker engine; tests/packaging checks the files",
    "chroma run": "tests/knowledge_base starts one",
    "CHROMA_URL=": "tests/knowledge_base serves on one",
    "CompetitionTemplate": "needs the competition's files; tests/knowledge_base imports such",
    "pip install ./clients/python": "tests/clients installs it alone",
    "[sentence-transformers]": "installs; tests/knowledge_base runs folders that need it",
    "command-interpreter-train all": "needs a CUDA machine; tests/training runs each of its steps",
    "model-q4_0.gguf": "is what that would write; tests/models loads other GGUF files",
}
"""Commands told but not typed here, and where they are checked instead."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.S | re.M)


def commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in blocks(page, "(?:sh|bash)"):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(page.name, line.strip()) for line in lines if line.strip()]
    return found


def test_the_api_reference_is_of_this_api() -> None:
    assert TARGET.read_text() == reference(), "run: python -m docs.reference"


def test_every_command_works_as_told(tmp_path: Path) -> None:
    arena = blocks(ROOT / "docs" / "your-own-arena.md", "yaml")
    (tmp_path / "my-arena.yaml").write_text(arena[0])
    cases = blocks(ROOT / "docs" / "your-own-model.md", "json")
    (tmp_path / "mine.json").write_text(cases[0])
    (tmp_path / "models").symlink_to(ROOT / "models")
    settings = Settings(knowledge=KnowledgeOptions(path=tmp_path / "chroma"))
    ran = 0
    with served(Service(settings, load=load_parts)) as client:
        for page, command in commands():
            if any(part in command for part in NOT_RUN):
                continue
            ran += 1
            done = typed(command, client, tmp_path)
            assert done.returncode == 0, f"{page}: {command}\n{done.stdout}{done.stderr}"
    assert ran >= 12


def typed(command: str, client: httpx.Client, folder: Path) -> subprocess.CompletedProcess[str]:
    here = client.base_url.netloc.decode()
    if 'If-Match: "…"' in command:
        etag = client.get("/v1/knowledge/objects/cola").json()["etag"]
        command = command.replace("…", etag)
    command = command.replace("localhost:8000", here).replace("curl ", "curl --fail-with-body -s ")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=os.environ | {"PATH": path},
        capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_program_runs_as_told(page: Path, real: httpx.Client) -> None:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "clients" / "python")])
    for program in blocks(page, "python"):
        if "import" not in program:
            program = (
                "from typing import Literal\n"
                "from schemas.commands import Place, RobotCommand\n" + program
            )
        program = program.replace("http://127.0.0.1:8000", str(real.base_url).rstrip("/"))
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": paths},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    local = [urlsplit(link) for link in links if not link.startswith(("http", "#", "mailto"))]
    dead = [link.path for link in local if not (page.parent / unquote(link.path)).exists()]
    assert not dead
