"""A trained model in every form it is served in, each loaded again and compared with its source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.gguf import spell_whole_tokens
from schemas.errors import ModelFileCorrupt, SettingsError
from training.checkpoint import FORMATS, Checkpoint, write
from training.generator.sample import Generator, Recipe
from training.probe import PROBE_SEED, answers
from training.prompt import prompt

Progress = Callable[[float, str], None]
LONGEST_ANSWER = 300
K_QUANTS = ("q4_k_m", "q5_k_m", "q6_k")
"""Made by llama.cpp itself; it falls back tensor by tensor where a row is no multiple of 256."""


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
            _k_quant(source, target, form)
        agreed = sum(a == b for a, b in zip(reloaded(target, texts), expected, strict=True))
        made.append(Exported(form, target, agreed, len(texts)))
    return made


def _k_quant(source: Path, target: Path, form: str) -> None:
    import llama_cpp

    kinds = {
        "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
        "q5_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q5_K_M,
        "q6_k": llama_cpp.LLAMA_FTYPE_MOSTLY_Q6_K,
    }
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = kinds[form]
    code = llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), parameters)
    if code:
        raise ModelFileCorrupt(f"llama.cpp could not write {form} from {source} (code {code})")


def reloaded(path: Path, texts: Sequence[str]) -> list[str]:
    """Greedy, unconstrained answers of the file through llama.cpp.

    Raises:
        ModelFileCorrupt: llama.cpp cannot load it.
    """
    import llama_cpp

    try:
        llama = llama_cpp.Llama(str(path), n_ctx=1024, verbose=False)
    except ValueError as error:
        raise ModelFileCorrupt(f"llama.cpp cannot load {path}: {error}") from error
    spell_whole_tokens(llama)
    stop = llama.tokenize(b"<|im_end|>", add_bos=False, special=True)[0]
    written: list[str] = []
    for text in texts:
        tokens = llama.tokenize(prompt(text).encode(), add_bos=False, special=True)
        answer: list[int] = []
        for token in llama.generate(tokens, temp=0.0, top_k=1):
            if token == stop or len(answer) >= LONGEST_ANSWER:
                break
            answer.append(token)
        written.append(llama.detokenize(answer).decode(errors="replace"))
    llama.close()
    return written
