"""Shapes, forms and vocabularies of the model: how right each is, and what a request's pass takes.

    python -m benchmarks.frontier [--tokens 32] [--rounds 25]

How right they are was measured when they were trained (models/weights/frontier.json). The time
hangs on shape, form and the numbers of tokens alone, so files of random weights in each are timed
here, in turns, as a ratio to the shipped one. Where a vocabulary spells a request in more tokens,
its pass has more. Writes a table, JSON and a plot.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from rich.console import Console
from rich.progress import track
from rich.table import Table
from transformers import LlamaForCausalLM

from models import gguf
from models.context import Context
from models.options import DEFAULT_WEIGHTS, LlamaCppOptions
from training.checkpoint import Checkpoint, prune, write
from training.vocabulary import NORMAL, Vocabulary

matplotlib.use("Agg")

from matplotlib import pyplot

RESULTS = Path(__file__).parent / "results"
TRAINED = DEFAULT_WEIGHTS.with_name("frontier.json")
SHIPPED_FORM = "q4_0"
BELOW: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.12)}
"""Where a legend hides nothing."""
CORNERS = (((5, 4), "left"), ((5, -9), "left"), ((-5, 4), "right"), ((-5, -9), "right"))
"""Where labels stand beside their points, in turn, in points: neighbours may be close."""
Models = list[dict[str, Any]]
"""Entries of the file of trained models."""


class Shape(NamedTuple):
    """What the time of one token hangs on."""

    layers: int
    feed_forward: int
    """Units of each layer's feed-forward part."""
    form: str
    tokens: int
    """Of the vocabulary."""

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> Shape:
        """That of a trained model."""
        return cls(*(model[field] for field in cls._fields))


def resized(source: Checkpoint, tokens: int, folder: Path) -> Checkpoint:
    """The source without layers, with that many tokens: its own in order, then made-up ones.

    The number is met where every token comes after the parts it is merged from, as in the default's
    vocabulary; elsewhere there are some more.

    Raises:
        ValueError: the single bytes, special tokens and whole texts, which stay, are more.
    """
    own = source.vocabulary
    staying = frozenset(own.cut([])[1])
    if tokens < len(staying):
        raise ValueError(f"{len(staying)} tokens stay, so that {tokens} are too few")
    others = (row for row in range(len(own.tokens)) if row not in staying)
    cut, rows = own.cut(islice(others, tokens - len(staying)))
    # Digits are tokens of their own, so that no text is ever merged into one of these.
    made_up = [f"unused{number}" for number in range(tokens - len(rows))]
    vocabulary = Vocabulary(
        (*cut.tokens, *made_up), (*cut.types, *[NORMAL] * len(made_up)), cut.merges
    )
    path = folder / f"{tokens}.gguf"
    prune(source, path, [], rows + [0] * len(made_up), vocabulary)
    return Checkpoint.open(path)


def shaped(source: Checkpoint, shape: Shape, folder: Path) -> Path:
    """A file with the source's tokens, as many as the shape has, and random weights."""
    config = source.config()
    config.num_hidden_layers, config.intermediate_size = shape.layers, shape.feed_forward
    model = LlamaForCausalLM(config)
    model.tie_weights()
    path = folder / f"{'-'.join(map(str, shape))}.gguf"
    write(model, source, path, shape.form)
    return path


class Pass:
    """One file, and the time of one evaluation of so many tokens."""

    def __init__(self, path: Path) -> None:
        options = LlamaCppOptions(path=path, gpu_layers=0)
        self._llama: Any = gguf.load(options, context=8)
        self.vocabulary: int = self._llama.n_vocab()
        self._context = Context(
            self._llama.model,
            length=512,
            sequences=1,
            batch=512,
            threads=gguf.threads(options),
            flash_attention=None,
            pooled=False,
        )

    def milliseconds(self, tokens: list[int], read: int) -> float:
        """Time to evaluate the tokens and read the logits of the last ``read`` of them."""
        self._context.truncate(0, 0)
        self._context.add(0, 0, tokens, range(len(tokens) - read, len(tokens)))
        begun = time.perf_counter()
        self._context.evaluate()
        return 1e3 * (time.perf_counter() - begun)

    def close(self) -> None:
        """Free the model."""
        self._context.close()
        self._llama.close()


def times(
    source: Checkpoint, timed: list[tuple[Shape, int]], rounds: int
) -> Iterator[tuple[int, list[float]]]:
    """Per shape and tokens of its pass: its file's bytes, and milliseconds of every round."""
    generator = np.random.default_rng(1)
    with TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {shape.tokens for shape, _ in timed}
        sources = {size: resized(source, size, folder) for size in sizes}
        files = [
            shaped(sources[shape.tokens], shape, folder)
            for shape, _ in track(timed, "making files")
        ]
        passes = [Pass(path) for path in files]
        ids = [
            generator.integers(one.vocabulary, size=tokens).tolist()
            for one, (_, tokens) in zip(passes, timed, strict=True)
        ]
        taken: list[list[float]] = [[] for _ in passes]
        for _ in track(range(rounds + 3), "timing"):
            for one, tokens, row in zip(passes, ids, taken, strict=True):
                row.append(one.milliseconds(tokens, len(tokens) // 2))
        for one in passes:
            one.close()
        for path, row in zip(files, taken, strict=True):
            yield path.stat().st_size, row[3:]


def measured(tokens: int, rounds: int) -> Models:
    """The trained models with the time of their shape, over so many tokens of the default's."""
    trained: Models = json.loads(TRAINED.read_text(encoding="utf-8"))["models"]
    source = Checkpoint.open(DEFAULT_WEIGHTS)
    config = source.config()
    shipped = Shape(
        config.num_hidden_layers, config.intermediate_size, SHIPPED_FORM, config.vocab_size
    )
    usual = next(one["request_tokens"] for one in trained if Shape.of(one) == shipped)
    timed = [(Shape.of(one), round(tokens * one["request_tokens"] / usual)) for one in trained]
    distinct = sorted(set(timed))
    rows = dict(zip(distinct, times(source, distinct, rounds), strict=True))
    base = rows[shipped, tokens][1]
    for one, its in zip(trained, timed, strict=True):
        size, row = rows[its]
        ratios = [a / b for a, b in zip(row, base, strict=True)]
        low, median, high = np.percentile(ratios, (10, 50, 90)).round(3).tolist()
        one["bytes"] = size
        one["time_to_shipped"] = {"median": median, "p10": low, "p90": high}
        one["milliseconds"] = round(statistics.median(row), 2)
    return trained


def draw(models: Models, path: Path) -> None:
    """Right plans over time, and a panel more for each series of several vocabularies."""
    series: dict[str, Models] = {}
    for one in models:
        series.setdefault(one["series"], []).append(one)
    varied = {name: its for name, its in series.items() if len({one["tokens"] for one in its}) > 1}
    figure, panels = pyplot.subplots(
        ncols=1 + len(varied),
        figsize=(8 + 7 * len(varied), 6),
        squeeze=False,
        layout="constrained",
    )
    draw_shapes(panels[0, 0], {name: its for name, its in series.items() if name not in varied})
    for axes, (name, its) in zip(panels[0, 1:], varied.items(), strict=True):
        draw_vocabularies(axes, name, its)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def draw_shapes(axes: Axes, series: Mapping[str, Models]) -> None:
    """Unseen words right over time, a series for each set of cases."""
    points: list[tuple[float, float, str]] = []
    for name, here in series.items():
        across, right = times_to_shipped(here), percent_right(here, "unseen_words")
        axes.scatter(across, right, label=name)
        points += zip(across, right, map(label, here), strict=True)
    for at, (x, y, text) in enumerate(sorted(points)):
        where, side = CORNERS[at % len(CORNERS)]
        axes.annotate(text, (x, y), where, textcoords="offset points", fontsize=7, ha=side)
    axes.set(
        xlabel="time of a pass ÷ the shipped shape's",
        ylabel="plans right, words never trained on, %",
        title="layers x feed-forward units; Q4_0 unless said",
    )
    axes.set_xscale("log")
    axes.set_xticks((0.7, 1, 1.5, 2, 3, 4), ("0.7", "1", "1.5", "2", "3", "4"))
    axes.minorticks_off()
    axes.margins(x=0.15)
    axes.grid(alpha=0.3)
    axes.legend(**BELOW)


def label(model: Mapping[str, Any]) -> str:
    """Its shape, and its form where that is not the shipped one."""
    shape = f"{model['layers']}x{model['feed_forward']}"
    return shape if model["form"] == SHIPPED_FORM else f"{shape}, {model['form']}"


def draw_vocabularies(axes: Axes, name: str, models: Models) -> None:
    """Right plans and time over the number of tokens, on an axis each."""
    here = sorted(models, key=lambda one: one["tokens"])
    tokens = [one["tokens"] for one in here]
    times_axes = axes.twinx()
    lines = [
        *axes.plot(tokens, percent_right(here, "unseen_words"), "o-", label="unseen words"),
        *axes.plot(tokens, percent_right(here, "made_up_words"), "s-", label="made-up words"),
        *times_axes.plot(tokens, times_to_shipped(here), "^--", color="gray", label="time"),
    ]
    axes.set_xscale("log")
    axes.set_xticks(tokens, [f"{number:,}" for number in tokens])
    axes.minorticks_off()
    axes.set(xlabel="tokens in the vocabulary", ylabel="plans right, %")
    axes.set_title(name, fontsize="medium")
    times_axes.set_ylim(bottom=0)
    times_axes.set_ylabel("time of a request's pass ÷ shipped")
    axes.grid(alpha=0.3)
    axes.legend(handles=lines, ncols=3, **BELOW)


def times_to_shipped(models: Models) -> list[float]:
    """Median ratio of each."""
    return [one["time_to_shipped"]["median"] for one in models]


def percent_right(models: Models, cases: str) -> list[float]:
    """Of those cases, for each."""
    return [100 * one[cases][0] / one[cases][1] for one in models]


def main() -> None:
    """Time the shapes and write what they are worth."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tokens", type=int, default=32, help="of the default's pass; half read")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--out", type=Path, default=RESULTS / "frontier.json")
    options = parser.parse_args()
    models = measured(options.tokens, options.rounds)
    names = "layers", "units", "form", "tokens", "samples"
    table = Table(*names, "unseen", "made-up", "MiB", "time", pad_edge=False)
    for one in models:
        table.add_row(
            str(one["layers"]),
            str(one["feed_forward"]),
            one["form"],
            f"{one['tokens']:,}",
            f"{one['samples']:,}",
            "/".join(map(str, one["unseen_words"])),
            "/".join(map(str, one["made_up_words"])),
            f"{one['bytes'] / 2**20:.1f}",
            f"{one['time_to_shipped']['median']:.2f}",
        )
    Console().print(table)
    machine = {"processor": platform.processor() or platform.machine(), "tokens": options.tokens}
    told = {"machine": machine, "models": models}
    options.out.write_text(json.dumps(told, indent=1), encoding="utf-8")
    draw(models, options.out.with_suffix(".png"))
    print(f"wrote {options.out} and its plot")


if __name__ == "__main__":
    main()
