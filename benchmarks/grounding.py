"""How often a slot's words are tied to the right thing, and how often to a wrong one.

    python -m benchmarks.grounding [--half held-out|development|all] [--execution-labels FILE]

Three arenas of ``benchmarks/phrases``; beside our own decision, in the same run: the nearest
neighbour of the same embedder, without and with a threshold fitted on the development half, and
rapidfuzz alone. Then the time of a slot with 100 and with 10,000 entries. Writes
``benchmarks/results/grounding.json`` and ``grounding.svg``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import execution_labels, grounding_latency, grounding_plot
from benchmarks.grounding_peers import Fuzzy, Nearest
from benchmarks.phrase_sets import ARENAS, Decision, Labelled, ask, decision, open_arena, read
from knowledge_base.embedder import Embedder
from schemas.grounding import Status

RESULTS = Path(__file__).parent / "results"
STATUSES = (Status.KNOWN, Status.CATEGORY, Status.AMBIGUOUS, Status.UNKNOWN)

Answers = Mapping[str, Sequence[tuple[Labelled, Decision]]]
"""By system: every phrase with its decision."""


def answers(half: str) -> Answers:
    """Ask every system every phrase of that half."""
    found: dict[str, list[tuple[Labelled, Decision]]] = defaultdict(list)
    embedder = Embedder(None)
    with tempfile.TemporaryDirectory() as folder:
        for name in ARENAS:
            knowledge = open_arena(name, Path(folder), embedder)
            categories = {entry.id for entry in knowledge.entries("categories")}
            cases = list(read(name, categories))
            embedder.encode([case.phrase for case in cases])  # all at once: it keeps them
            peers: dict[str, Nearest | Fuzzy] = {
                "nearest neighbour": Nearest(knowledge, embedder),
                "nearest neighbour, threshold": Nearest(knowledge, embedder, fitted_on=cases),
                "fuzzy matching": Fuzzy(knowledge),
            }
            for case in track(_of_half(cases, half), description=name, transient=True):
                grounding = ask(knowledge, case.slot, case.phrase)
                found["this service"].append((case, decision(grounding)))
                for label, peer in peers.items():
                    found[label].append((case, peer.decide(case.slot, case.phrase)))
            knowledge.close()
    return found


def _of_half(cases: Sequence[Labelled], half: str) -> list[Labelled]:
    return [c for c in cases if half == "all" or c.held_out is (half == "held-out")]


def summary(rows: Sequence[tuple[Labelled, Decision]]) -> dict[str, Any]:
    """Shares of right and wrongly accepted, by kind of phrase and in all, and the confusion."""
    kinds: dict[str, list[tuple[Labelled, Decision]]] = defaultdict(list)
    for row in rows:
        kinds[row[0].kind].append(row)
    confusion = Counter((c.expected.status.value, d.status.value) for c, d in rows)
    return {
        "all": _shares(rows),
        "kinds": {kind: _shares(of_kind) for kind, of_kind in kinds.items()},
        "confusion": {f"{e} as {a}": n for (e, a), n in sorted(confusion.items())},
    }


def _shares(rows: Sequence[tuple[Labelled, Decision]]) -> dict[str, float]:
    wrong = sum(c.wrongly_accepted(d) for c, d in rows)
    right = sum(c.right(d) for c, d in rows)
    return {"phrases": len(rows), "right": right / len(rows), "wrongly_accepted": wrong / len(rows)}


def kinds_table(summaries: Mapping[str, Any]) -> Table:
    """Right by kind, a column a system; the last rows are over all kinds."""
    table = Table("kind", "phrases", *summaries, title="Right decisions")
    ours = next(iter(summaries.values()))
    for kind, shares in ours["kinds"].items():
        cells = [f"{s['kinds'][kind]['right']:.1%}" for s in summaries.values()]
        table.add_row(kind, str(shares["phrases"]), *cells)
    table.add_section()
    for measure in ("right", "wrongly_accepted"):
        cells = [f"{s['all'][measure]:.1%}" for s in summaries.values()]
        table.add_row(measure.replace("_", " "), str(ours["all"]["phrases"]), *cells)
    return table


def confusion_table(name: str, confusion: Mapping[str, int]) -> Table:
    """What phrases of each expected status were taken for."""
    table = Table("expected", *(s.value for s in STATUSES), title=f"Confusion, {name}")
    for expected in STATUSES:
        row = [confusion.get(f"{expected.value} as {actual.value}", 0) for actual in STATUSES]
        table.add_row(expected.value, *map(str, row))
    return table


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--half", choices=("held-out", "development", "all"), default="held-out")
    parser.add_argument(
        "--execution-labels",
        type=Path,
        metavar="FILE",
        help="a JSON file of frida-cortex's arena and its expected results; measured as well",
    )
    parser.add_argument("--mistakes", action="store_true", help="list every wrong decision")
    parser.add_argument("--no-latency", action="store_true", help="leave the timing out")
    options = parser.parse_args()
    console = Console()
    found = answers(options.half)
    summaries = {name: summary(rows) for name, rows in found.items()}
    console.print(f"half: {options.half}", kinds_table(summaries))
    for name, one in summaries.items():
        console.print(confusion_table(name, one["confusion"]))
    if options.mistakes:
        _print_mistakes(console, found["this service"])
    result: dict[str, Any] = {"half": options.half, "systems": summaries}
    if options.execution_labels is not None:
        result["execution_labels"] = execution_labels.measure(options.execution_labels, console)
    if not options.no_latency:
        result["latency_ms"] = grounding_latency.measure(console)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "grounding.json").write_text(json.dumps(result, indent=2) + "\n")
    grounding_plot.draw(summaries, RESULTS / "grounding.svg")
    console.print(f"written to {RESULTS / 'grounding.json'} and grounding.svg")


def _print_mistakes(console: Console, rows: Sequence[tuple[Labelled, Decision]]) -> None:
    table = Table("arena", "kind", "phrase", "expected", "decided", title="Mistakes")
    for case, got in rows:
        if not case.right(got):
            told = [f"{d.status.value} {', '.join(sorted(d.ids))}" for d in (case.expected, got)]
            table.add_row(case.arena, case.kind, case.phrase, *told)
    console.print(table)


if __name__ == "__main__":
    main()
