"""From probability to the share of right answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.calibration import Calibration, Scaling, beside
from models.llama_cpp import LlamaCppModel
from models.options import DEFAULT_WEIGHTS, LlamaCppOptions


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
