"""Several tasks in one breath: how many plans are right, asked back, or shorter than asked.

    python -m benchmarks.several [--tasks 8] [--count 40]

Tasks of the dataset generator with words held out of training, joined to utterances that the model
is asked in this process; whether the service would ask back is decided as it decides. Prints a
table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from app.interpreter import doubt
from app.transcript import normalise
from benchmarks.measures import strict
from models.base import CommandModel
from models.llama_cpp import LlamaCppModel
from models.options import DEFAULT_WEIGHTS, LlamaCppOptions
from schemas.api import MAX_TEXT_LENGTH
from schemas.plan import Plan, TooMuch
from training.generator.sample import Generator, Recipe, Sample
from training.generator.splits import Split

RESULTS = Path(__file__).parent / "results" / "several.json"
JOINTS = (", then ", ". ", " and ", "; ", ". then ")
VERDICTS = (
    "right",
    "right, but asked back",
    "wrong, asked back",
    "shorter than asked",
    "wrong otherwise",
)


def utterances(tasks: int, count: int, seed: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """So many utterances of so many tasks, as long as a text may be, each with its plan."""
    rng = random.Random(seed)
    generator = Generator(Recipe(declines=0, compositions=0), Split.UNSEEN_ENTITIES)
    found = 0
    while found < count:
        parts = list(generator.samples(rng.randrange(1 << 30), tasks))
        text = rng.choice(JOINTS).join(part.text.rstrip(" .") for part in parts)
        if len(text) <= MAX_TEXT_LENGTH:
            found += 1
            yield text, [command for part in parts for command in _plan(part)]


def _plan(sample: Sample) -> list[dict[str, Any]]:
    commands: list[dict[str, Any]] = json.loads(sample.target)["commands"]
    return commands


def verdict(model: CommandModel, text: str, expected: list[dict[str, Any]]) -> str:
    """What the client of a service would get."""
    heard = normalise(text)
    decoded = model.plan(heard)
    if not isinstance(decoded.answer, Plan):
        return "wrong, asked back" if isinstance(decoded.answer, TooMuch) else "wrong otherwise"
    commands = decoded.answer.commands
    asked_back = doubt(commands, heard, decoded.confidence) is not None
    if strict([command.written() for command in commands], expected):
        return "right, but asked back" if asked_back else "right"
    if asked_back:
        return "wrong, asked back"
    return "shorter than asked" if len(commands) < len(expected) else "wrong otherwise"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--tasks", type=int, default=8, help="tasks in an utterance, at most")
    parser.add_argument("--count", type=int, default=40, help="utterances of each number of tasks")
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--model", type=Path, default=DEFAULT_WEIGHTS)
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    given = parser.parse_args()
    table = Table("tasks", "characters", *VERDICTS)
    rows = []
    with closing(LlamaCppModel(LlamaCppOptions(path=given.model, sequences=1))) as model:
        for tasks in track(range(1, given.tasks + 1), "decoding"):
            cases = list(utterances(tasks, given.count, given.seed + tasks))
            counts = Counter(verdict(model, text, expected) for text, expected in cases)
            mean = sum(len(text) for text, _ in cases) / len(cases)
            rows.append({"tasks": tasks, "characters": mean, **{v: counts[v] for v in VERDICTS}})
            table.add_row(str(tasks), f"{mean:.0f}", *(str(counts[v]) for v in VERDICTS))
    Console().print(table)
    given.output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
