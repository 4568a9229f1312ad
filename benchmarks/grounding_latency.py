"""The time one slot takes, with 100 and with 10,000 entries."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.phrase_sets import ask
from knowledge_base import KnowledgeBase, KnowledgeOptions

SIZES = (100, 10_000)
ROUNDS = 5
"""Times each phrase is asked; the first meets no cached vector."""

COLOURS = "red blue green yellow white black brown grey pink purple".split()
MATERIALS = "wooden plastic metal glass paper rubber cotton leather stone ceramic".split()
THINGS = (
    "anchor basket bottle brick bucket button camera candle carpet clock comb cushion drill "
    "feather flute funnel glove hammer helmet jar kettle ladder lantern magnet marble mirror "
    "needle paddle pencil pillow pipe pump puppet ribbon ring rope ruler saddle scarf shovel "
    "sponge spring stamp stapler statue string tile timer tray trumpet vase wallet whistle wrench "
    "bell belt bench blanket boot bracelet brush cable cap card case chain chest coat coin"
).split()


def measure(console: Console) -> dict[str, Any]:
    """Median and 95th percentile in ms by number of entries and kind of evidence."""
    found: dict[str, Any] = {}
    table = Table("entries", "words", "median ms", "95 % ms", title="One slot")
    for size in SIZES:
        console.print(f"filling an arena of {size} entries")
        for kind, times in _times(size).items():
            ranked = sorted(times)
            p95 = ranked[int(len(ranked) * 0.95)]
            row = {"median": statistics.median(times), "p95": p95, "slots": len(times)}
            found.setdefault(str(size), {})[kind] = row
            table.add_row(str(size), kind, f"{row['median']:.3f}", f"{p95:.3f}")
    console.print(table)
    return found


def _times(size: int) -> dict[str, list[float]]:
    """Milliseconds of every slot, by what the words need to be decided."""
    names = list(itertools.islice(_names(), size))
    with tempfile.TemporaryDirectory() as folder:
        arena = Path(folder) / "arena.yaml"
        arena.write_text(yaml.safe_dump({"objects": [{"name": name} for name in names]}))
        options = KnowledgeOptions(path=Path(folder) / "chroma", arena=arena)
        knowledge = KnowledgeBase.open(options)
        phrases = _phrases(names)
        ask(knowledge, "thing", "warming up, whatever this is")
        found: dict[str, list[float]] = {kind: [] for kind in (*phrases, "all")}
        for number, (kind, asked) in itertools.product(range(ROUNDS), phrases.items()):
            for phrase in track(asked, description=f"{size}: {kind}, {number}", transient=True):
                begin = time.perf_counter()
                ask(knowledge, "thing", phrase)
                taken = (time.perf_counter() - begin) * 1000
                found[kind].append(taken)
                found["all"].append(taken)
        knowledge.close()
    return found


def _names() -> itertools.chain[str]:
    """Distinct names; single words come first, as in an arena of 100 things."""
    pairs = (f"{m} {t}" for t in THINGS for m in MATERIALS)
    triples = (f"{c} {m} {t}" for t in THINGS for m in MATERIALS for c in COLOURS)
    numbered = (f"{t} {n}" for n in itertools.count(1) for t in THINGS)
    return itertools.chain(THINGS, pairs, triples, numbered)


def _phrases(names: list[str]) -> dict[str, list[str]]:
    chosen = names[:: max(1, len(names) // 40)][:40]
    return {
        "the name": chosen,
        "misspelled": [f"{name[:3]}{name[4:]}" for name in chosen],
        "unknown": [f"{name[::-1]} gadget" for name in chosen[:20]],
    }
