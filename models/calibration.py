"""From how likely the model found its words to how often such an answer is right.

Platt scaling: the log-odds of the probability are stretched and shifted. The two numbers are
fitted by ``python -m benchmarks.calibration`` for one file of weights and lie beside it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from math import exp, log
from pathlib import Path

_SURE = 1e-6
_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Scaling:
    """Slope and offset on log-odds."""

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, probability: float) -> float:
        """The share of right answers among those of this probability."""
        return 1.0 / (1.0 + exp(-(self.slope * log_odds(probability) + self.offset)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The scalings of one model: of whole plans, and of single slots."""

    plan: Scaling = Scaling()
    slot: Scaling = Scaling()

    @classmethod
    def of(cls, weights: Path) -> Calibration:
        """What was fitted for the file; where nothing was, probabilities stay as they are."""
        try:
            stored = json.loads(beside(weights).read_text(encoding="utf-8"))
            if stored["weights"] != fingerprint(weights):
                return cls()
            return cls(Scaling(**stored["plan"]), Scaling(**stored["slot"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def save(self, weights: Path) -> None:
        """Store it beside the file it was fitted for."""
        stored = {"weights": fingerprint(weights), **asdict(self)}
        beside(weights).write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def beside(weights: Path) -> Path:
    """Where a weights file's calibration lies."""
    return weights.with_suffix(".calibration.json")


def fingerprint(weights: Path) -> str:
    """Tells one file of weights from another without reading all of it."""
    size = weights.stat().st_size
    digest = blake2b(str(size).encode(), digest_size=16)
    with weights.open("rb") as file:
        digest.update(file.read(_READ))
        file.seek(max(0, size - _READ))
        digest.update(file.read(_READ))
    return digest.hexdigest()


def log_odds(probability: float) -> float:
    """Logit, kept finite."""
    bounded = min(max(probability, _SURE), 1.0 - _SURE)
    return log(bounded / (1.0 - bounded))
