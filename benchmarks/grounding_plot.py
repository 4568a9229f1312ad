"""Right and wrongly accepted, a bar a system, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot

MEASURES = {"right": "#2a7f62", "wrongly_accepted": "#b3402e"}


def draw(summaries: Mapping[str, Any], path: Path) -> None:
    """Draw the shares over all phrases into an SVG file."""
    figure, axes = pyplot.subplots(figsize=(8, 3.5), layout="constrained")
    height = 0.8 / len(MEASURES)
    for number, (measure, colour) in enumerate(MEASURES.items()):
        shares = [one["all"][measure] * 100 for one in summaries.values()]
        at = [row + number * height for row in range(len(shares))]
        bars = axes.barh(at, shares, height, color=colour, label=measure.replace("_", " "))
        axes.bar_label(bars, fmt="%.1f %%", padding=3)
    axes.set_yticks([row + height / 2 for row in range(len(summaries))], list(summaries))
    axes.invert_yaxis()
    axes.set_xlim(0, 110)
    axes.set_xlabel("share of phrases, %")
    axes.legend(loc="lower right")
    figure.savefig(path)
    pyplot.close(figure)


def draw_reliability(results: Mapping[str, Any], path: Path) -> None:
    """Draw how often pairs of each probability were right, a line a kind."""
    figure, axes = pyplot.subplots(figsize=(5, 4.5), layout="constrained")
    axes.plot([0, 1], [0, 1], color="#999999", linestyle="--", label="perfect")
    for kind, result in results.items():
        predicted = [one["predicted"] for one in result["bins"]]
        right = [one["right"] for one in result["bins"]]
        axes.plot(predicted, right, marker="o", label=f"{kind}, {result['pairs']} pairs")
    axes.set_xlabel("probability given")
    axes.set_ylabel("share that was right")
    axes.legend(loc="upper left")
    figure.savefig(path)
    pyplot.close(figure)
