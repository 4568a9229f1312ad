"""Is an answer of confidence 0.9 right nine times in ten? Fits and shows the calibration.

    python -m benchmarks.calibration [--samples 4000] [--model models/weights/default.gguf]

Decodes generated utterances, half with words that training never saw and half of templates that it
never saw. Fits the scaling on so many of them and judges it on as many others, none of which it was
fitted on. Writes the scaling beside the weights, and JSON and a reliability plot to the results.
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
from numpy.typing import NDArray
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

Column = NDArray[np.float64]

RESULTS = Path(__file__).parent / "results" / "calibration.json"
BINS = 10
DRAWS = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """A probability the model gave, and whether it was right."""

    probability: float
    right: bool


def samples(count: int, seed: int) -> list[Sample]:
    """Half with unseen entities, half with unseen templates."""
    splits = (Split.UNSEEN_ENTITIES, Split.UNSEEN_TEMPLATES)
    return [s for split in splits for s in Generator(Recipe(), split).samples(seed, count // 2)]


def held_apart(count: int, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Samples to fit on, and others of both kinds, not one text the same, to judge by."""
    fit = samples(count, seed)
    known = {sample.text for sample in fit}
    return fit, [sample for sample in samples(count, seed + 1) if sample.text not in known]


def judged(model: LlamaCppModel, found: list[Sample]) -> tuple[list[Judged], list[Judged]]:
    """All plans and all slots of the samples."""
    plans, slots = list[Judged](), list[Judged]()
    for sample in track(found, "decoding"):
        plan, of_slots = judge(model, sample)
        plans += plan
        slots += of_slots
    return plans, slots


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


def fitted(found: Sequence[Judged]) -> Scaling:
    """Logistic regression of being right on the log-odds."""
    right = np.array([j.right for j in found])
    if right.all() or not right.any():
        return Scaling()
    odds = np.array([[log_odds(j.probability)] for j in found])
    model = LogisticRegression().fit(odds, right)
    return Scaling(slope=float(model.coef_[0, 0]), offset=float(model.intercept_[0]))


def bins(confidence: Column, right: Column) -> list[dict[str, float]]:
    """Mean confidence, share of right ones and number, in equally filled bins."""
    ordered = np.stack((confidence, right), axis=1)[np.argsort(confidence, kind="stable")]
    parts = [part for part in np.array_split(ordered, BINS) if len(part)]
    return [
        {"confidence": float(p[:, 0].mean()), "right": float(p[:, 1].mean()), "number": len(p)}
        for p in parts
    ]


def expected_error(found: list[dict[str, float]]) -> float:
    """Expected calibration error: the bins' mean distance of confidence and share."""
    total = sum(b["number"] for b in found)
    return sum(b["number"] * abs(b["confidence"] - b["right"]) for b in found) / total


def by_chance(confidence: Column) -> float:
    """The expected calibration error that so few cases show where every confidence is true."""
    rng = np.random.default_rng(0)
    drawn = [(rng.random(confidence.size) < confidence).astype(float) for _ in range(DRAWS)]
    return float(np.mean([expected_error(bins(confidence, right)) for right in drawn]))


def log_loss(confidence: Column, right: Column) -> float:
    """Mean surprise at what was right, in nats: unlike the bins' error it also tells how well right
    and wrong are told apart."""
    return float(-np.log(np.where(right == 1.0, confidence, 1.0 - confidence)).mean())


def report(name: str, scaling: Scaling, found: list[Judged]) -> dict[str, Any]:
    """A scaling's figures on what it was not fitted on."""
    right = np.array([j.right for j in found], float)
    raw = np.array([Scaling()(j.probability) for j in found])
    scaled = np.array([scaling(j.probability) for j in found])
    raw_error, error = (expected_error(bins(c, right)) for c in (raw, scaled))
    raw_loss, loss, chance = log_loss(raw, right), log_loss(scaled, right), by_chance(scaled)
    Console(width=140).print(
        f"{name}: {len(found)} judged, {right.mean():.1%} right; expected calibration error "
        f"{raw_error:.4f} raw, {error:.4f} scaled, {chance:.4f} by chance; "
        f"log loss {raw_loss:.4f} raw, {loss:.4f} scaled"
    )
    return {
        "judged": len(found),
        "right": float(right.mean()),
        "expected_error_raw": raw_error,
        "expected_error": error,
        "expected_error_by_chance": chance,
        "log_loss_raw": raw_loss,
        "log_loss": loss,
        "slope": scaling.slope,
        "offset": scaling.offset,
        "bins_raw": bins(raw, right),
        "bins": bins(scaled, right),
    }


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
    parser.add_argument("--samples", type=int, default=4000, help="to fit on; as many to judge by")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--model", type=Path, default=DEFAULT_WEIGHTS)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    fit, rest = held_apart(options.samples, options.seed)
    settings = LlamaCppOptions(path=options.model, calibrated=False)
    with closing(LlamaCppModel(settings)) as model:
        scalings = [fitted(found) for found in judged(model, fit)]
        plans, slots = judged(model, rest)
    calibration = Calibration(*scalings)
    calibration.save(options.model)
    figures = {
        "plans": report("plans", calibration.plan, plans),
        "slots": report("slots", calibration.slot, slots),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1) + "\n")
    plot(figures, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
