"""How the running service bears many clients, also those that vanish or stall.

    python -m benchmarks.load [--url http://127.0.0.1:8000] [--clients 1 4 16 64] [--minutes 2]

Without --url it starts the service itself, as a user would. Every client asks one utterance after
another; every answer is compared with the one the service gave when it was alone. While they ask,
others ask for several answers at once, one of them as a stream; others hang up in the middle of an
answer, and others send half a request and fall silent. Memory and requests under way are sampled
throughout: at the end both must be back where they were. A request counts as under way until its
sequence of the model is free again.

Writes a table, JSON and a plot. Ends with 1 if an answer was wrong, a request was left under way,
or memory still grew by more than 5 % in the second half.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.latency import utterances
from benchmarks.service import running

RESULTS = Path(__file__).parent / "results" / "load.json"
_PENDING = re.compile(r"^command_interpreter_pending_requests (\S+)", re.MULTILINE)
_PATIENCE = 60.0
"""Seconds a client waits."""
_GROWTH = 0.05
"""Share of its memory that a service may still gain in the second half of a run."""


@dataclass(slots=True)
class Level:
    """What so many clients saw."""

    clients: int
    seconds: float
    answers: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    wrong: int
    """Answers unlike those given to the same words when alone."""
    refused: int
    """429: the queue was full, and the client waited and asked again."""
    failed: dict[str, int]
    """Anything else that is no answer, by kind: status and code, or what httpx raised."""
    overlapping: int
    """Requests, among them, of clients that asked three times at once."""
    vanished: int
    """Clients that hung up in the middle."""
    stalled: int
    """Clients that sent half a request."""


@dataclass(slots=True)
class Sample:
    """The service at one moment."""

    second: float
    resident_mib: float
    pending: float


@dataclass(slots=True)
class Tally:
    """What has happened so far at one level."""

    milliseconds: list[float] = field(default_factory=list)
    wrong: int = 0
    refused: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    overlapping: int = 0
    vanished: int = 0
    stalled: int = 0


class Crowd:
    """Clients of one service."""

    def __init__(self, url: str, texts: list[str]) -> None:
        self._url, self._texts = url, texts
        self._right: dict[str, Any] = {}

    async def learn(self) -> None:
        """Ask every utterance alone."""
        async with httpx.AsyncClient(base_url=self._url, timeout=_PATIENCE) as client:
            for text in self._texts:
                self._right[text] = _gist(await client.post("/v1/interpret", json=_body(text)))

    async def level(self, clients: int, seconds: float) -> Level:
        """Let so many clients ask for so long, some more beside them misbehaving."""
        tally, until, begun = Tally(), time.perf_counter() + seconds, time.perf_counter()
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            base_url=self._url, timeout=_PATIENCE, limits=limits
        ) as client:
            good = [self._ask(client, tally, until, seed) for seed in range(clients)]
            bad = max(1, clients // 8)
            vanishing = [self._vanish(tally, until, seed) for seed in range(bad)]
            stalling = [self._stall(tally, until) for _ in range(bad)]
            overlapping = [self._overlap(client, tally, until, seed) for seed in range(bad)]
            await asyncio.gather(*good, *vanishing, *stalling, *overlapping)
        elapsed = time.perf_counter() - begun
        times = tally.milliseconds or [float("nan")]
        p50, p95, p99 = (float(np.percentile(times, p)) for p in (50, 95, 99))
        return Level(
            clients=clients,
            seconds=elapsed,
            answers=len(tally.milliseconds),
            per_second=len(tally.milliseconds) / elapsed,
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            wrong=tally.wrong,
            refused=tally.refused,
            failed=dict(tally.failed),
            overlapping=tally.overlapping,
            vanished=tally.vanished,
            stalled=tally.stalled,
        )

    async def _ask(self, client: httpx.AsyncClient, tally: Tally, until: float, seed: int) -> None:
        rng = random.Random(seed)
        while time.perf_counter() < until:
            await self._once(client, tally, rng.choice(self._texts), _whole)

    async def _overlap(
        self, client: httpx.AsyncClient, tally: Tally, until: float, seed: int
    ) -> None:
        rng = random.Random(2000 + seed)
        while time.perf_counter() < until:
            texts = rng.choices(self._texts, k=3)
            ways = zip(texts, (_whole, _whole, _streamed), strict=True)
            await asyncio.gather(*(self._once(client, tally, text, way) for text, way in ways))
            tally.overlapping += 3

    async def _once(self, client: httpx.AsyncClient, tally: Tally, text: str, way: Way) -> None:
        begun = time.perf_counter()
        try:
            response = await way(client, text)
        except httpx.HTTPError as error:
            tally.failed[type(error).__name__] += 1
            return
        if response.status_code == 429:
            tally.refused += 1
            await asyncio.sleep(float(response.headers.get("retry-after", 1)))
            return
        gist = _gist(response)
        if gist == self._right[text]:
            tally.milliseconds.append(1e3 * (time.perf_counter() - begun))
        elif isinstance(gist, str):
            tally.failed[f"{response.status_code} {gist}"] += 1
        else:
            tally.milliseconds.append(1e3 * (time.perf_counter() - begun))
            tally.wrong += 1

    async def _vanish(self, tally: Tally, until: float, seed: int) -> None:
        rng = random.Random(1000 + seed)
        while time.perf_counter() < until:
            body = json.dumps(_body(rng.choice(self._texts))).encode()
            async with self._connection() as writer:
                writer.write(_head(len(body)) + body)
                await writer.drain()
                await asyncio.sleep(rng.uniform(0.0, 0.2))
            tally.vanished += 1
            await asyncio.sleep(0.05)

    async def _stall(self, tally: Tally, until: float) -> None:
        while (left := until - time.perf_counter()) > 0:
            async with self._connection() as writer:
                writer.write(_head(500) + b'{"text": "go to')
                await writer.drain()
                await asyncio.sleep(min(3.0, left))
            tally.stalled += 1

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncio.StreamWriter]:
        parts = urlsplit(self._url)
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            yield writer
        finally:
            writer.transport.abort()


def _head(length: int) -> bytes:
    lines = (
        "POST /v1/interpret HTTP/1.1",
        "host: localhost",
        "content-type: application/json",
        f"content-length: {length}",
    )
    return "\r\n".join((*lines, "", "")).encode()


def _body(text: str) -> dict[str, Any]:
    return {"text": text, "ground": False}


async def _whole(client: httpx.AsyncClient, text: str) -> httpx.Response:
    return await client.post("/v1/interpret", json=_body(text))


async def _streamed(client: httpx.AsyncClient, text: str) -> httpx.Response:
    return await client.post("/v1/interpret/stream", json=_body(text))


Way = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]
"""How a client asks."""


def _gist(response: httpx.Response) -> Any:
    """What must not depend on company; of a fault, its code."""
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        last = response.text.rstrip().rsplit("\n", 1)[-1]
        answer = json.loads(last.removeprefix("data:"))
    else:
        answer = response.json()
    if "error" in answer:
        return answer["error"]["code"]
    return answer["outcome"], answer["commands"], answer["reason"]


async def watch(url: str, process: psutil.Process | None, samples: list[Sample]) -> None:
    """Sample until cancelled."""
    begun = time.perf_counter()
    async with httpx.AsyncClient(base_url=url, timeout=_PATIENCE) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                match = _PENDING.search((await client.get("/metrics")).text)
                resident = process.memory_info().rss / 2**20 if process else float("nan")
                second = time.perf_counter() - begun
                samples.append(Sample(second, resident, float(match.group(1)) if match else 0.0))
            await asyncio.sleep(0.5)


async def measure(
    url: str, process: psutil.Process | None, texts: list[str], clients: list[int], seconds: float
) -> dict[str, Any]:
    """All levels, one after the other, and a rest at the end."""
    crowd, samples = Crowd(url, texts), list[Sample]()
    await crowd.learn()
    watching = asyncio.create_task(watch(url, process, samples))
    levels = []
    for count in clients:
        Console(stderr=True).print(f"{count} clients for {seconds:.0f} s …")
        levels.append(await crowd.level(count, seconds))
    await asyncio.sleep(3.0)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    resident = [sample.resident_mib for sample in samples]
    return {
        "texts": len(texts),
        "levels": [asdict(level) for level in levels],
        "pending_at_end": samples[-1].pending,
        "resident_mib_at_start": samples[0].resident_mib,
        "resident_mib_at_end": samples[-1].resident_mib,
        "growth_in_second_half": resident[-1] / resident[len(resident) // 2] - 1.0,
        "samples": [asdict(sample) for sample in samples],
    }


def show(report: dict[str, Any]) -> None:
    """The table."""
    table = Table(title="clients at once")
    heads = ("clients", "answers/s", "p50 ms", "p95 ms", "p99 ms", "wrong", "refused", "failed")
    for head in (*heads, "overlapping", "vanished", "stalled"):
        table.add_column(head, justify="right")
    for level in report["levels"]:
        table.add_row(
            str(level["clients"]),
            f"{level['per_second']:.1f}",
            *(f"{level[p]:.0f}" for p in ("p50_ms", "p95_ms", "p99_ms")),
            *(str(level[k]) for k in ("wrong", "refused")),
            ", ".join(f"{count} x {kind}" for kind, count in level["failed"].items()) or "0",
            *(str(level[k]) for k in ("overlapping", "vanished", "stalled")),
        )
    console = Console(width=140)
    console.print(table)
    console.print(
        f"resident {report['resident_mib_at_start']:.0f} MiB at the start, "
        f"{report['resident_mib_at_end']:.0f} at the end, "
        f"{report['growth_in_second_half']:+.1%} in the second half; "
        f"{report['pending_at_end']:.0f} requests under way at the end"
    )


def faults(report: dict[str, Any]) -> list[str]:
    """What must not be."""
    found = []
    if wrong := sum(level["wrong"] for level in report["levels"]):
        found.append(f"{wrong} answers were wrong")
    if report["pending_at_end"]:
        found.append(f"{report['pending_at_end']:.0f} requests are still under way")
    if report["growth_in_second_half"] > _GROWTH:
        found.append(f"memory grew by {report['growth_in_second_half']:.1%} in the second half")
    return found


def plot(report: dict[str, Any], path: Path) -> None:
    """Memory and requests under way over time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    seconds = [sample["second"] for sample in report["samples"]]
    figure, (memory, pending) = pyplot.subplots(2, 1, sharex=True, figsize=(8, 5))
    memory.plot(seconds, [sample["resident_mib"] for sample in report["samples"]])
    memory.set_ylabel("resident MiB")
    memory.set_ylim(bottom=0)
    pending.plot(seconds, [sample["pending"] for sample in report["samples"]])
    pending.set_ylabel("requests under way")
    pending.set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def main() -> None:
    """Run from the command line."""
    default = Path(__file__).parents[2] / "shared" / "eval"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--url", help="a service that runs already; else one is started")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--minutes", type=float, default=80 / 60, help="for all levels together")
    parser.add_argument("--cases", type=int, default=40, help="different utterances")
    parser.add_argument("--data", type=Path, default=default if default.is_dir() else None)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    texts = utterances(options.data, options.cases)
    with contextlib.ExitStack() as stack:
        url, process = options.url, None
        if url is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url, process, _ = stack.enter_context(running(folder))
        seconds = 60.0 * options.minutes / len(options.clients)
        report = asyncio.run(measure(url, process, texts, options.clients, seconds))
    show(report)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    plot(report, options.out.with_suffix(".png"))
    if found := faults(report):
        sys.exit("; ".join(found))


if __name__ == "__main__":
    main()
