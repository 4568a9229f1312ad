"""A data set as files: JSONL in chat form, and what it is made of."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot

from training.generator.sample import Generator, Recipe, Sample
from training.generator.splits import Split

Progress = Callable[[float, str], None]
SEED_STEP = 1_000_003


def write_dataset(
    folder: Path,
    recipe: Recipe,
    seed: int,
    sizes: dict[Split, int],
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """One JSONL a split, ``statistics.json`` and ``coverage.png``; returns the statistics."""
    folder.mkdir(parents=True, exist_ok=True)
    total, done = sum(sizes.values()), 0
    statistics: dict[str, Any] = {"seed": seed, "splits": {}}
    for number, (split, size) in enumerate(sizes.items()):
        counts = Counts()
        with (folder / f"{split.value}.jsonl").open("w", encoding="utf-8") as file:
            for sample in Generator(recipe, split).samples(seed + number * SEED_STEP, size):
                file.write(json.dumps(chat(sample), ensure_ascii=False) + "\n")
                counts.add(sample)
                done += 1
                if done % 1000 == 0:
                    progress(done / total, f"{split.value}: {done} of {total}")
        statistics["splits"][split.value] = counts.table()
    (folder / "statistics.json").write_text(
        json.dumps(statistics, indent=1) + "\n", encoding="utf-8"
    )
    _plot(statistics, folder / "coverage.png")
    return statistics


def chat(sample: Sample) -> dict[str, Any]:
    """A sample as a conversation of two turns, with what it is made of beside it."""
    return {
        "messages": [
            {"role": "user", "content": sample.text},
            {"role": "assistant", "content": sample.target},
        ],
        "kind": sample.kind,
        "entities": sample.source,
    }


class Counts:
    """What a split holds."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.lengths: Counter[int] = Counter()
        self.words: set[str] = set()
        self.distinct: set[int] = set()
        self.samples = 0

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        commands = json.loads(sample.target)["commands"]
        self.samples += 1
        self.kinds[sample.kind] += 1
        self.sources[sample.source] += 1
        self.lengths[len(commands)] += 1
        self.actions.update(c["action"] for c in commands)
        self.words.update(sample.text.lower().split())
        self.distinct.add(hash(sample.text.lower()))

    def table(self) -> dict[str, Any]:
        """The counts as plain values."""
        return {
            "samples": self.samples,
            "distinct_utterances": len(self.distinct),
            "distinct_words": len(self.words),
            "kinds": dict(self.kinds.most_common()),
            "actions": dict(self.actions.most_common()),
            "entities": dict(self.sources.most_common()),
            "commands_per_plan": dict(sorted(self.lengths.items())),
        }


def _plot(statistics: dict[str, Any], path: Path) -> None:
    first = next(iter(statistics["splits"].values()))
    figure, panels = pyplot.subplots(1, 3, figsize=(15, 5))
    for axes, key in zip(panels, ("kinds", "actions", "commands_per_plan"), strict=True):
        names = [str(name) for name in first[key]]
        axes.barh(names[::-1], list(first[key].values())[::-1])
        axes.set_title(key.replace("_", " "))
        axes.set_xlabel("samples")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
