"""A small arena that tests may change, and a Chroma server in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from knowledge_base import KnowledgeBase, KnowledgeOptions

SMALL = """
rooms:
  - {name: kitchen}
  - {name: cellar, pose: [1, 2, 0, 0, 0, 0, 1]}
placements:
  - {name: workbench, aliases: [bench], room: cellar}
objects:
  - {name: hammer, category: tool}
  - {name: pliers, category: tool}
categories:
  - {name: tool, plural: tools, placement: workbench}
people:
  - {name: Søren Kierkegaard}
topics:
  - {name: the time, text: "It is {time}."}
  - {name: your motto, text: "Slowly, but surely."}
"""
START_SECONDS = 60


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    """The YAML of a small arena."""
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    return file


@pytest.fixture
def opened(tmp_path: Path, small_file: Path) -> Iterator[Callable[..., KnowledgeBase]]:
    """Opens the small arena; every one opened is closed at the end."""
    found: list[KnowledgeBase] = []

    def open_again(**changes: object) -> KnowledgeBase:
        options = KnowledgeOptions(path=tmp_path / "chroma", arena=small_file)
        knowledge = KnowledgeBase.open(options.model_copy(update=changes))
        found.append(knowledge)
        return knowledge

    yield open_again
    for knowledge in found:
        knowledge.close()


@pytest.fixture
def small(opened: Callable[..., KnowledgeBase]) -> KnowledgeBase:
    """The small arena in a real Chroma store; a test may change it."""
    return opened()


@pytest.fixture
def chroma_server(tmp_path: Path) -> Iterator[str]:
    """URL of a Chroma server of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chroma = Path(sys.executable).parent / "chroma"
    command = [str(chroma), "run", "--path", str(tmp_path / "served"), "--port", str(port)]
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/api/v2/heartbeat", server)
        yield url
    finally:
        server.kill()
        server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(START_SECONDS * 10):
        assert server.poll() is None, "the Chroma server ended at start"
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the Chroma server did not start")
