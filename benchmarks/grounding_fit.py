"""Fits the weights that judge what words fail to decide, and shows whether they can be trusted.

    python -m benchmarks.grounding_fit

Three logistic models: is this a misspelled or misheard name of a thing or place, of a person
(``knowledge_base.heard``), does it mean this thing (``knowledge_base.meant``)? On the samples of
``benchmarks.heard_samples`` and ``meant_samples``; the held-out half of the labelled phrases is
never looked at. Phrases are dealt into five parts, each judged by a model that did not see it: the
reliability plot and the table of thresholds come from these judgements. Writes ``heard.json`` and
``meant.json`` in ``knowledge_base/data`` and ``grounding-reliability`` in ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from benchmarks import grounding_plot
from benchmarks.heard_samples import Sample, heard_samples
from benchmarks.meant_samples import Pair, meant_samples
from knowledge_base import heard as heard_weights
from knowledge_base import meant as meant_weights
from knowledge_base.embedder import Embedder
from knowledge_base.heard import features_of_name, features_of_thing
from schemas.grounding import EntityKind

RESULTS = Path(__file__).parent / "results"
FOLDS = 5
LABELLED_WEIGHT = 4.0
"""A labelled phrase counts as much as so many that were made."""

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
BINS = 10

Floats = NDArray[np.float64]


def main() -> None:
    """Fit, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.parse_args()
    console = Console()
    heard = heard_samples()
    people = [_heard(s) for s in heard if s.form.entry.kind is EntityKind.PERSON]
    things = [_heard(s) for s in heard if s.form.entry.kind is not EntityKind.PERSON]
    thing, thing_report = _fit("misheard thing", things, console)
    person, person_report = _fit("misheard person", people, console)
    _write(heard_weights.WEIGHTS, {"thing": thing, "person": person})
    # Meaning is asked where spelling and sound fail, by the weights that were just written.
    meaning, meaning_report = _fit("meaning", meant_samples(Embedder(None)), console)
    _write(meant_weights.WEIGHTS, meaning)
    results = {
        "misheard thing": thing_report,
        "misheard person": person_report,
        "meaning": meaning_report,
    }
    target = RESULTS / "grounding-reliability.json"
    target.write_text(json.dumps(results, indent=2) + "\n")
    grounding_plot.draw_reliability(results, target.with_suffix(".svg"))
    console.print(f"written to {target} and the weights to knowledge_base/data")


def _heard(sample: Sample) -> Pair:
    person = sample.form.entry.kind is EntityKind.PERSON
    features = features_of_name if person else features_of_thing
    told = features(sample.heard, sample.form)
    return Pair(sample.phrase, told, sample.right, sample.source)


def _write(path: Path, weights: Any) -> None:
    note = "Fitted by benchmarks.grounding_fit; do not edit."
    path.write_text(json.dumps({"note": note, "weights": weights}, indent=2) + "\n")


def _fit(kind: str, pairs: Sequence[Pair], console: Console) -> tuple[dict[str, float], Any]:
    """Weights from all pairs; the report is on pairs judged by a model that did not see them."""
    names = list(pairs[0].features)
    x = np.array([[pair.features[name] for name in names] for pair in pairs])
    y = np.array([pair.right for pair in pairs])
    importance = np.array([LABELLED_WEIGHT if p.source == "labelled" else 1.0 for p in pairs])
    fold = np.array([_fold(pair.phrase) for pair in pairs])
    judged = np.zeros(len(pairs))
    for number in range(FOLDS):
        seen = fold != number
        model = _model().fit(x[seen], y[seen], sample_weight=importance[seen])
        judged[~seen] = model.predict_proba(x[~seen])[:, 1]
    final = _model().fit(x, y, sample_weight=importance)
    weights = dict(zip(names, final.coef_[0].round(4).tolist(), strict=True))
    weights["bias"] = round(float(final.intercept_[0]), 4)
    return weights, _report(kind, pairs, judged, console)


def _model() -> LogisticRegression:
    return LogisticRegression(C=10.0, max_iter=2000)


def _fold(phrase: str) -> int:
    return hashlib.sha256(phrase.encode()).digest()[1] % FOLDS


def _report(kind: str, pairs: Sequence[Pair], judged: Floats, console: Console) -> dict[str, Any]:
    """Reliability by bins of probability, and what each threshold would accept."""
    right = np.array([pair.right for pair in pairs])
    edges = np.linspace(0, 1, BINS + 1)
    bins = []
    for low, high in itertools.pairwise(edges):
        inside = (judged >= low) & (judged < high + (high == 1))
        if inside.any():
            row = {"pairs": int(inside.sum()), "predicted": float(judged[inside].mean())}
            bins.append(row | {"right": float(right[inside].mean())})
    table = Table("threshold", "known, accepted", "others, wrongly", title=kind)
    thresholds = []
    for threshold in THRESHOLDS:
        found = _accepted(pairs, judged, threshold)
        thresholds.append({"threshold": threshold} | found)
        table.add_row(f"{threshold}", *(f"{share:.2%}" for share in found.values()))
    console.print(table)
    return {"pairs": len(pairs), "bins": bins, "thresholds": thresholds}


def _accepted(pairs: Sequence[Pair], judged: Floats, threshold: float) -> dict[str, float]:
    """By phrase: how many known ones are accepted as what they are, how many taken for another."""
    best: dict[tuple[str, str], tuple[float, bool]] = {}
    known: set[tuple[str, str]] = set()
    for pair, probability in zip(pairs, judged, strict=True):
        phrase = pair.source, pair.phrase
        if probability > best.get(phrase, (0.0, False))[0]:
            best[phrase] = float(probability), pair.right
        if pair.right:
            known.add(phrase)
    taken = {phrase: right for phrase, (p, right) in best.items() if p >= threshold}
    found = sum(right for right in taken.values())
    return {
        "known_accepted": found / len(known),
        "wrongly_accepted": (len(taken) - found) / len(best),
    }


if __name__ == "__main__":
    main()
