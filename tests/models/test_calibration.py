"""From probability to the share of right answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.calibration import Judged, fitted, held_apart, report
from models.calibration import Calibration, Scaling, beside
from models.llama_cpp import LlamaCppModel
from models.options import DEFAULT_WEIGHTS, LlamaCppOptions
from training.generator.sample import Generator, Recipe
from training.generator.splits import Split


def test_scaling() -> None:
    assert Scaling()(0.3) == pytest.approx(0.3)
    modest = Scaling(slope=0.5, offset=-1.0)
    values = [modest(p) for p in (0.0, 0.2, 0.9, 0.999, 1.0)]
    assert values == sorted(values)
    assert values[-2] < 0.999
    assert 0.0 < values[0] < values[-1] < 1.0


def test_file_beside_the_weights(tmp_path: Path) -> None:
    weights = tmp_path / "model.gguf"
    weights.write_bytes(b"GGUF")
    assert Calibration.of(weights) == Calibration()
    calibration = Calibration(Scaling(0.5, 0.1), Scaling(2.0, -0.3))
    calibration.save(weights)
    assert Calibration.of(weights) == calibration
    weights.write_bytes(b"GGuf")
    assert Calibration.of(weights) == Calibration()
    beside(weights).write_text("{")
    assert Calibration.of(weights) == Calibration()


def test_decoder_uses_it(fast: LlamaCppModel) -> None:
    raw = LlamaCppModel(LlamaCppOptions(calibrated=False, sequences=1))
    try:
        text = "put the frobnicator on the blivet"
        given, scaled = raw.plan(text), fast.plan(text)
    finally:
        raw.close()
    calibration = Calibration.of(DEFAULT_WEIGHTS)
    assert scaled.confidence == pytest.approx(calibration.plan(given.confidence))
    assert scaled.answer == given.answer


def test_fit_is_judged_on_others_of_the_same_kinds() -> None:
    fit, rest = ({sample.text for sample in part} for part in held_apart(60, 3))
    assert not fit & rest
    for split in (Split.UNSEEN_ENTITIES, Split.UNSEEN_TEMPLATES):
        for seed, part in ((3, fit), (4, rest)):
            own = {sample.text for sample in Generator(Recipe(), split).samples(seed, 30)}
            assert len(own & part) >= 25


def test_a_distortion_is_found_and_undone() -> None:
    truth, rng = Scaling(slope=0.5, offset=0.4), np.random.default_rng(2)
    given = [float(p) for p in 1.0 / (1.0 + np.exp(-rng.normal(2.0, 3.0, 8000)))]
    judged = [Judged(p, bool(rng.random() < truth(p))) for p in given]
    scaling = fitted(judged[:4000])
    assert scaling.slope == pytest.approx(truth.slope, abs=0.05)
    assert scaling.offset == pytest.approx(truth.offset, abs=0.15)
    figures = report("made up", scaling, judged[4000:])
    assert figures["expected_error"] < 2 * figures["expected_error_by_chance"]
    assert figures["expected_error_raw"] > 2 * figures["expected_error"]
    assert figures["log_loss"] < figures["log_loss_raw"]
