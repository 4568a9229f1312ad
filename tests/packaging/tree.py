"""The repository's own files, as the tests of this folder read them."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "benchmarks", "knowledge_base", "models", "schemas", "training")


def project() -> dict[str, Any]:
    """The [project] table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def imports(package: str) -> Iterator[tuple[Path, str]]:
    """Every module of the package with each top-level name that it imports."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield path, package if node.level else (node.module or "").partition(".")[0]


def public_files() -> Iterator[Path]:
    """Every file that Git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return (path for path in paths if path.is_file())


def public_texts() -> Iterator[Path]:
    """Every text file that Git knows."""
    return (path for path in public_files() if b"\0" not in path.read_bytes()[:8192])
