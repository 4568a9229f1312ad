"""How often the running service is right, set by set.

    python -m benchmarks.accuracy --data ../shared/eval [--url http://127.0.0.1:8000]

Reads every ``*.json`` list of {string_cmd, structured_cmd} in the folder, and every ``*.txt`` of
utterance and logical form on alternate lines, which needs the folder's ``human_paraphrases.py`` to
say which core actions a form asks for. Prints a table and writes JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.measures import same_actions, strict

RESULTS = Path(__file__).parent / "results" / "accuracy.json"
FORMS = "human_paraphrases.py"


@dataclass(frozen=True, slots=True)
class Case:
    """One utterance and how to judge its answer."""

    text: str
    kind: str
    expected: Any
    judge: ModuleType | None = None
    """Judges core actions alone; None: the expected plan is compared slot by slot."""

    def verdict(self, commands: list[dict[str, Any]]) -> tuple[bool, bool]:
        """Strict, and same actions."""
        if self.judge is None:
            return strict(commands, self.expected), same_actions(commands, self.expected)
        right = bool(self.judge.right([c["action"] for c in commands], self.expected))
        return right, right


def read_sets(folder: Path) -> Iterator[tuple[str, list[Case]]]:
    """The sets of the folder by name, cases in file order."""
    for file in sorted(folder.glob("*.json")):
        data = json.loads(file.read_text())
        if isinstance(data, list):
            yield (
                file.stem,
                [Case(r["string_cmd"], r["cmd_type"], r["structured_cmd"]) for r in data],
            )
    for file in sorted(folder.glob("*.txt")):
        judge = _module(folder / FORMS)
        pairs = ((text, judge.expected(form)) for text, form in judge.load(file))
        yield file.stem, [Case(t, "core actions", e, judge) for t, e in pairs if e is not None]


def _module(path: Path) -> ModuleType:
    if not path.is_file():
        sys.exit(f"{path} is needed to read logical forms, and is not there.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ask(client: httpx.Client, text: str, ground: bool) -> dict[str, Any]:
    """The service's answer to one utterance, with its round trip in ms."""
    response = client.post("/v1/interpret", json={"text": text, "ground": ground})
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    answer["round_trip_ms"] = response.elapsed.total_seconds() * 1000
    return answer


def measure(url: str, name: str, cases: list[Case], ground: bool, clients: int) -> dict[str, Any]:
    """Figures of one set, and what went wrong in it."""
    with httpx.Client(base_url=url, timeout=120) as client, ThreadPoolExecutor(clients) as pool:
        answers = pool.map(lambda case: ask(client, case.text, ground), cases)
        shown = track(answers, f"{name:28}", len(cases), console=Console(stderr=True))
        pairs = list(zip(cases, shown, strict=True))
    verdicts = [case.verdict(answer["commands"]) for case, answer in pairs]
    wrong = [
        {
            "kind": c.kind,
            "text": c.text,
            "outcome": a["outcome"],
            "got": _bare(a),
            "want": c.expected,
        }
        for (c, a), (right, _) in zip(pairs, verdicts, strict=True)
        if not right
    ]
    return {
        "set": name,
        "grounded": ground,
        "cases": len(cases),
        "strict": sum(right for right, _ in verdicts),
        "same_actions": sum(same for _, same in verdicts),
        "outcomes": dict(Counter(answer["outcome"] for _, answer in pairs)),
        "median_ms": statistics.median(a["round_trip_ms"] for _, a in pairs),
        "model": pairs[0][1]["model"],
        "wrong": wrong,
    }


def _bare(answer: dict[str, Any]) -> list[dict[str, Any]]:
    hidden = ("grounding", "user_instruction")
    return [{k: v for k, v in c.items() if k not in hidden} for c in answer["commands"]]


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("set", "grounded", "cases", "strict", "%", "same actions", "%", "outcomes")
    for row in rows:
        table.add_row(
            row["set"],
            "yes" if row["grounded"] else "no",
            str(row["cases"]),
            str(row["strict"]),
            f"{100 * row['strict'] / row['cases']:.1f}",
            str(row["same_actions"]),
            f"{100 * row['same_actions'] / row['cases']:.1f}",
            ", ".join(f"{n} {outcome}" for outcome, n in sorted(row["outcomes"].items())),
        )
    Console(width=130).print(table)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of evaluation sets")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the running service")
    parser.add_argument("--clients", type=int, default=1, help="requests under way at once")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    parser.add_argument("--show-wrong", action="store_true", help="print every wrong answer")
    given = parser.parse_args()
    if not given.data.is_dir():
        parser.error(f"{given.data} is not a folder")
    try:
        httpx.get(f"{given.url}/ready").raise_for_status()
    except httpx.HTTPError as error:
        sys.exit(f"No ready service at {given.url} ({error}): start one with 'make serve'.")
    rows = [
        measure(given.url, name, cases, ground, given.clients)
        for name, cases in read_sets(given.data)
        for ground in (False, True)
    ]
    show(rows)
    if given.show_wrong:
        for row in rows:
            for case in row["wrong"]:
                print(json.dumps({"set": row["set"], "grounded": row["grounded"], **case}))
    given.output.parent.mkdir(parents=True, exist_ok=True)
    kept = [{k: v for k, v in row.items() if k not in ("wrong", "median_ms")} for row in rows]
    given.output.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
