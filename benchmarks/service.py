"""What the service costs: start to ready, memory, and latency of a request.

    python -m benchmarks.service [--rounds 5] [--starts 3]

Starts the service as a user would, on a free port with a fresh knowledge base, asks it the
utterances of the corpus, and prints a table; the figures go to JSON too.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results" / "service.json"
CORPUS = Path(__file__).parent.parent / "tests" / "corpus.yaml"
START_SECONDS = 120
MIB = 2**20


@contextlib.contextmanager
def running(
    folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[str, psutil.Process, float]]:
    """A service of its own process: its URL, the process, and seconds from start to ready.

    Args:
        settings: further environment variables.
    """
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    environment = (
        os.environ
        | dict(settings or {})
        | {
            "COMMAND_INTERPRETER_KNOWLEDGE__PATH": str(folder / "knowledge"),
            "COMMAND_INTERPRETER_LOG__FORMAT": "json",
        }
    )
    log = folder / "log"
    begun = time.perf_counter()
    with log.open("w") as sink:
        service = subprocess.Popen(command, stderr=sink, env=environment)
    try:
        url = _until(lambda: _url(log), service, log)
        _until(lambda: _ready(url), service, log)
        yield url, psutil.Process(service.pid), time.perf_counter() - begun
    finally:
        service.terminate()
        service.wait(timeout=30)


def _until(probe: Any, service: subprocess.Popen[bytes], log: Path) -> Any:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        found = probe()
        if found:
            return found
        if service.poll() is not None:
            sys.exit(f"The service ended with code {service.returncode}:\n{log.read_text()}")
        time.sleep(0.01)
    sys.exit(f"The service was not ready within {START_SECONDS} s:\n{log.read_text()}")


def _url(log: Path) -> str | None:
    match = re.search(r'"url": "([^"]+)"', log.read_text())
    return match.group(1) if match else None


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready").is_success
    except httpx.TransportError:
        return False


def measure(rounds: int, starts: int) -> dict[str, Any]:
    """The figures."""
    texts = [row["text"] for row in yaml.safe_load(CORPUS.read_text())["interpreted"]]
    to_ready: list[float] = []
    first_start: float | None = None
    with tempfile.TemporaryDirectory() as folder:
        for number in range(starts):
            with running(Path(folder)) as (url, process, seconds):
                if number == 0:
                    first_start = seconds
                else:
                    to_ready.append(seconds)
                if number < starts - 1:
                    continue
                idle = process.memory_info().rss
                with httpx.Client(base_url=url) as client:
                    answers = [_timed(client, text) for _ in range(rounds) for text in texts]
                peak = _peak(process)
    trips = sorted(answer["trip"] for answer in answers)
    return {
        "first_start_to_ready_s": first_start,
        "start_to_ready_s": statistics.median(to_ready) if to_ready else None,
        "resident_idle_mib": idle / MIB,
        "resident_peak_mib": peak / MIB,
        "requests": len(trips),
        "median_ms": statistics.median(trips),
        "p95_ms": trips[int(0.95 * len(trips))],
        **{f"median_{stage}_ms": statistics.median(a[stage] for a in answers)
           for stage in ("queue", "model", "grounding", "total")},
        "model": answers[0]["name"],
        "cores": os.cpu_count(),
    }  # fmt: skip


def _timed(client: httpx.Client, text: str) -> dict[str, Any]:
    begun = time.perf_counter()
    answer = client.post("/v1/interpret", json={"text": text}).raise_for_status().json()
    trip = 1000 * (time.perf_counter() - begun)
    return {"trip": trip, "name": answer["model"], **answer["timings_ms"]}


def _peak(process: psutil.Process) -> int:
    """The high-water mark the kernel keeps, in bytes; Linux only."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(match.group(1)) * 1024 if match else process.memory_info().rss


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="times the corpus is asked")
    parser.add_argument("--starts", type=int, default=3, help="starts that are timed")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    given = parser.parse_args()
    figures = measure(given.rounds, max(1, given.starts))
    table = Table("figure", "value", title="The service on this machine")
    for name, value in figures.items():
        table.add_row(name, f"{value:.1f}" if isinstance(value, float) else str(value))
    Console().print(table)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
