"""The default weights, loaded once, by either decoder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.llama_cpp import LlamaCppModel
from models.options import LlamaCppOptions

EVALUATION_SETS = Path(__file__).parents[3] / "shared" / "eval"
"""Beside the checkout, where there is one; never part of it."""


@pytest.fixture(scope="session")
def fast() -> Iterator[LlamaCppModel]:
    """The default weights, decoded fast, eight at once."""
    model = LlamaCppModel(LlamaCppOptions(sequences=8))
    yield model
    model.close()


@pytest.fixture(scope="session")
def reference() -> Iterator[LlamaCppModel]:
    """The default weights, decoded by plain Outlines."""
    model = LlamaCppModel(LlamaCppOptions(decoder="reference"))
    yield model
    model.close()


def evaluation_texts() -> list[str]:
    """The utterances of the evaluation sets, where they are at hand."""
    if not EVALUATION_SETS.is_dir():
        return []
    texts = [
        row["string_cmd"]
        for name in ("gpsr_regular", "gpsr_paraphrased_dev")
        for row in json.loads((EVALUATION_SETS / f"{name}.json").read_text(encoding="utf-8"))
    ]
    lines = (EVALUATION_SETS / "human_paraphrases_dev.txt").read_text(encoding="utf-8")
    return texts + [line for line in lines.split("\n") if line][::2]
