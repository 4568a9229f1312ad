"""Shapes and forms of the model: how right each is, and what a pass over a request's tokens takes.

    python -m benchmarks.frontier [--tokens 32] [--rounds 25]

How right they are was measured when they were trained (models/weights/frontier.json). The time
hangs on shape and form alone, so files of random weights in each are timed here, in turns, as a
ratio to the shipped one. Writes a table, JSON and a plot.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from transformers import LlamaForCausalLM

from models import gguf
from models.context import Context
from models.options import DEFAULT_WEIGHTS, LlamaCppOptions
from training.checkpoint import Checkpoint, write

RESULTS = Path(__file__).parent / "results"
TRAINED = DEFAULT_WEIGHTS.with_name("frontier.json")
Shape = tuple[int, int, str]
"""Layers, units of a layer's feed-forward part, and the form of the file."""


def shaped(source: Checkpoint, shape: Shape, folder: Path) -> Path:
    """A file with the source's tokens and random weights, of that shape and form."""
    config = source.config()
    config.num_hidden_layers, config.intermediate_size, form = shape
    model = LlamaForCausalLM(config)
    model.tie_weights()
    path = folder / f"{shape[0]}x{shape[1]}-{form}.gguf"
    write(model, source, path, form)
    return path


class Pass:
    """One file, and the time of one evaluation of so many tokens."""

    def __init__(self, path: Path) -> None:
        options = LlamaCppOptions(path=path, gpu_layers=0)
        self._llama: Any = gguf.load(options, context=8)
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


def times(source: Checkpoint, shapes: list[Shape], tokens: int, rounds: int) -> Iterator[list[Any]]:
    """Per shape: its shape, its file's bytes, and milliseconds of every round."""
    ids = np.random.default_rng(1).integers(300, 8000, tokens).tolist()
    with TemporaryDirectory() as folder:
        files = [shaped(source, s, Path(folder)) for s in track(shapes, "making files")]
        passes = [Pass(path) for path in files]
        taken: list[list[float]] = [[] for _ in passes]
        for _ in track(range(rounds + 3), "timing"):
            for one, row in zip(passes, taken, strict=True):
                row.append(one.milliseconds(ids, tokens // 2))
        for one in passes:
            one.close()
        for shape, path, row in zip(shapes, files, taken, strict=True):
            yield [shape, path.stat().st_size, row[3:]]


def measured(tokens: int, rounds: int) -> list[dict[str, Any]]:
    """The trained models with the time of their shape."""
    trained = json.loads(TRAINED.read_text(encoding="utf-8"))["models"]
    shapes = sorted({(one["layers"], one["feed_forward"], one["form"]) for one in trained})
    source = Checkpoint.open(DEFAULT_WEIGHTS)
    config = source.config()
    shipped = (config.num_hidden_layers, config.intermediate_size, "q4_0")
    rows = {shape: (size, row) for shape, size, row in times(source, shapes, tokens, rounds)}
    base = rows[shipped][1]
    for one in trained:
        size, row = rows[one["layers"], one["feed_forward"], one["form"]]
        ratios = [a / b for a, b in zip(row, base, strict=True)]
        low, median, high = np.percentile(ratios, (10, 50, 90)).round(3).tolist()
        one["bytes"] = size
        one["time_to_shipped"] = {"median": median, "p10": low, "p90": high}
        one["milliseconds"] = round(statistics.median(row), 2)
    return list(trained)


def draw(models: list[dict[str, Any]], path: Path) -> None:
    """Unseen words right over time, a series for each set of cases."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for name in dict.fromkeys(one["series"] for one in models):
        here = [one for one in models if one["series"] == name]
        across = [one["time_to_shipped"]["median"] for one in here]
        right = [100 * one["unseen_words"][0] / one["unseen_words"][1] for one in here]
        axes.scatter(across, right, label=name)
        for at, (one, x, y) in enumerate(zip(here, across, right, strict=True)):
            text = f" {one['layers']}x{one['feed_forward']}, {one['form']}"
            above = 4 if at % 2 else -10  # points; neighbours may be close
            axes.annotate(text, (x, y), (2, above), textcoords="offset points", fontsize=8)
    axes.set(
        xlabel="time of a pass ÷ the shipped shape's",
        ylabel="plans right, words never trained on, %",
        title="layers x feed-forward units, form of the file",
    )
    axes.margins(x=0.15)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main() -> None:
    """Time the shapes and write what they are worth."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tokens", type=int, default=32, help="tokens of a pass; half are read")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--out", type=Path, default=RESULTS / "frontier.json")
    options = parser.parse_args()
    models = measured(options.tokens, options.rounds)
    names = ("layers", "feed-forward", "form", "samples", "unseen words", "made-up", "MiB", "time")
    table = Table(*names)
    for one in models:
        table.add_row(
            str(one["layers"]),
            str(one["feed_forward"]),
            one["form"],
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
