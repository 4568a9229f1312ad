"""A trained model in every form it is served in, each loaded again and compared with its source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import SettingsError
from training.checkpoint import FORMATS, Checkpoint, write
from training.generator.sample import Generator, Recipe
from training.probe import PROBE_SEED, answers
from training.served import K_QUANTS, apart, k_quant, reloaded

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """One file and how often it answered as the source did."""

    form: str
    path: Path
    agreed: int
    asked: int


def export(
    source: Path,
    folder: Path,
    forms: Sequence[str],
    prompts: int = 100,
    progress: Progress = lambda *_: None,
) -> list[Exported]:
    """Write ``source`` in each form and compare it on ``prompts`` held-in utterances.

    Raises:
        SettingsError: a form is unknown.
        ModelFileMissing, ModelFileCorrupt: the source cannot be read, or a written file not again.
    """
    unknown = [f for f in forms if f not in FORMATS and f not in K_QUANTS]
    if unknown:
        known = ", ".join((*FORMATS, *K_QUANTS))
        raise SettingsError(f"unknown form {unknown[0]!r}", hint=f"Forms: {known}.")
    checkpoint = Checkpoint.open(source)
    model = checkpoint.model().eval()  # type: ignore[no-untyped-call, unused-ignore]
    texts = [s.text for s in Generator(Recipe()).samples(PROBE_SEED, prompts)]
    expected = answers(model, checkpoint.vocabulary.tokenizer(), texts, size=32)
    made: list[Exported] = []
    for at, form in enumerate(forms):
        progress(at / len(forms), f"writing and comparing {form}")
        target = folder / f"{source.stem.removesuffix('-f16')}-{form}.gguf"
        if form in FORMATS:
            write(model, checkpoint, target, form)
        else:
            apart(k_quant, source, target, form)
        written = apart(reloaded, target, texts)
        agreed = sum(a == b for a, b in zip(written, expected, strict=True))
        made.append(Exported(form, target, agreed, len(texts)))
    return made
