"""Is an answer of confidence 0.9 right nine times in ten? Fits and shows the calibration.

    python -m benchmarks.calibration [--samples 400] [--model models/weights/default.gguf]

Decodes generated utterances whose words or templates training never saw, fits the scaling on one
half of them and judges it on the other. Writes the scaling beside the weights, and JSON and a
reliability plot to the results.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from models.calibration import Calibration, Scaling, log_odds
from models.llama_cpp import LlamaCppModel
from models.options import DEFAULT_WEIGHTS, LlamaCppOptions
from schemas.errors import ModelAnswerInvalid
from schemas.plan import Plan
from training.generator.sample import Generator, Recipe, Sample
from training.generator.splits import Split

RESULTS = Path(__file__).parent / "results" / "calibration.json"
BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A probability the model gave, and whether it was right."""

    probability: float
    right: bool


def samples(count: int, seed: int) -> list[Sample]:
    """Half with unseen entities, half with unseen templates."""
    found: list[Sample] = []
    for split in (Split.UNSEEN_ENTITIES, Split.UNSEEN_TEMPLATES):
        found += Generator(Recipe(), split).samples(seed, count // 2)
    return [s for pair in zip(found[: count // 2], found[count // 2 :], strict=True) for s in pair]


def judge(model: LlamaCppModel, sample: Sample) -> tuple[list[Judged], list[Judged]]:
    """The plan's and the slots' raw probabilities, each right or wrong."""
    try:
        decoded = model.plan(sample.text)
    except ModelAnswerInvalid:
        return [], []
    target = json.loads(sample.target)
    plan = [Judged(decoded.confidence, json.loads(decoded.answer.target()) == target)]
    if not isinstance(decoded.answer, Plan):
        return plan, []
    slots = []
    pairs = zip(decoded.answer.commands, decoded.slot_confidence, strict=True)
    for index, (command, chances) in enumerate(pairs):
        wanted = target["commands"][index] if index < len(target["commands"]) else {}
        for field, value in command.written().items():
            if field != "action":
                slots.append(Judged(chances[field], wanted.get(field) == value))
    return plan, slots


def fitted(judged: Sequence[Judged]) -> Scaling:
    """Logistic regression of being right on the log-odds."""
    right = np.array([j.right for j in judged])
    if right.all() or not right.any():
        return Scaling()
    odds = np.array([[log_odds(j.probability)] for j in judged])
    model = LogisticRegression().fit(odds, right)
    return Scaling(slope=float(model.coef_[0, 0]), offset=float(model.intercept_[0]))


def bins(judged: Sequence[Judged], scaling: Scaling) -> list[dict[str, float]]:
    """Mean confidence, share of right ones and number, in equally filled bins."""
    ordered = sorted((scaling(j.probability), j.right) for j in judged)
    parts = [part for part in np.array_split(np.array(ordered, float), BINS) if len(part)]
    return [
        {"confidence": float(p[:, 0].mean()), "right": float(p[:, 1].mean()), "number": len(p)}
        for p in parts
    ]


def expected_error(found: list[dict[str, float]]) -> float:
    """Expected calibration error: the bins' mean distance of confidence and share."""
    total = sum(b["number"] for b in found)
    return sum(b["number"] * abs(b["confidence"] - b["right"]) for b in found) / total


def report(name: str, judged: list[Judged]) -> tuple[Scaling, dict[str, Any]]:
    """Scaling fitted on every second one, and its figures on the others."""
    scaling = fitted(judged[::2])
    rest = judged[1::2]
    raw, scaled = bins(rest, Scaling()), bins(rest, scaling)
    figures = {
        "judged": len(judged),
        "right": sum(j.right for j in judged) / len(judged),
        "expected_error_raw": expected_error(raw),
        "expected_error": expected_error(scaled),
        "slope": scaling.slope,
        "offset": scaling.offset,
        "bins_raw": raw,
        "bins": scaled,
    }
    Console().print(
        f"{name}: {figures['judged']} judged, {figures['right']:.1%} right; expected calibration "
        f"error {figures['expected_error_raw']:.3f} raw, {figures['expected_error']:.3f} scaled"
    )
    return scaling, figures


def plot(figures: dict[str, dict[str, Any]], path: Path) -> None:
    """Reliability: confidence against the share of right answers."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(figures), figsize=(5 * len(figures), 5), squeeze=False)
    for axis, (name, found) in zip(axes[0], figures.items(), strict=True):
        axis.plot([0, 1], [0, 1], color="grey", linestyle=":")
        for label, key in (("raw", "bins_raw"), ("scaled", "bins")):
            points = found[key]
            axis.plot(
                [b["confidence"] for b in points], [b["right"] for b in points], "o-", label=label
            )
        axis.set_title(f"{name}: {found['judged']} judged")
        axis.set_xlabel("confidence")
        axis.set_ylabel("share right")
        axis.legend()
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--model", type=Path, default=DEFAULT_WEIGHTS)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    plans, slots = list[Judged](), list[Judged]()
    settings = LlamaCppOptions(path=options.model, calibrated=False)
    with closing(LlamaCppModel(settings)) as model:
        for sample in track(samples(options.samples, options.seed), "decoding"):
            plan, of_slots = judge(model, sample)
            plans += plan
            slots += of_slots
    plan_scaling, plan_figures = report("plans", plans)
    slot_scaling, slot_figures = report("slots", slots)
    Calibration(plan_scaling, slot_scaling).save(options.model)
    figures = {"plans": plan_figures, "slots": slot_figures}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1) + "\n")
    plot(figures, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
