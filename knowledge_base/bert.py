"""A sentence-transformers folder as far as llama.cpp can run it: a BERT and the words it reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer
from tokenizers.models import WordPiece

from schemas.errors import EmbedderMissing

MARK = "modules.json"
"""Every sentence-transformers folder has it."""

_NORMALIZED = ("Transformer", "Pooling", "Normalize")
_POOLINGS = {"mean": "mean", "mean_tokens": "mean", "cls": "cls", "cls_token": "cls"}
_LEGACY = "pooling_mode_"
SPECIAL = {"bos": "[CLS]", "sep": "[SEP]", "unk": "[UNK]", "pad": "[PAD]", "mask": "[MASK]"}
"""The words that are none, by what llama.cpp calls them."""

_READ = ("F32", "F16")
"""Number formats that numpy has."""


class Architecture(BaseModel):
    """``config.json``: the one BERT that llama.cpp has the graph of."""

    model_config = ConfigDict(frozen=True)

    model_type: Literal["bert"]
    hidden_act: Literal["gelu"]
    position_embedding_type: Literal["absolute"] = "absolute"
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    layer_norm_eps: float
    max_position_embeddings: PositiveInt
    num_attention_heads: PositiveInt
    num_hidden_layers: PositiveInt
    type_vocab_size: PositiveInt
    vocab_size: PositiveInt


@dataclass(frozen=True, slots=True)
class Bert:
    """What a conversion needs to know of a folder."""

    architecture: Architecture
    weights: Path
    pooling: str
    """``mean`` or ``cls``."""
    tokenizer: Tokenizer
    """Cuts where sentence-transformers does: at ``longest`` tokens."""
    longest: int
    special: dict[str, int]
    """Ids of the words of ``SPECIAL``, by the same names."""


@dataclass(frozen=True, slots=True)
class Unsuited:
    """The folder is one for the sentence-transformers library."""

    reason: str


def bert_in(folder: Path) -> Bert | Unsuited:
    """What the folder holds.

    Raises:
        EmbedderMissing: a file is broken.
    """
    try:
        return _bert_in(folder)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        return Unsuited(f"{where} of config.json is {wrong['input']!r}, no such BERT is known")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise EmbedderMissing(f"{folder} cannot be read: {error}") from error


def _bert_in(folder: Path) -> Bert | Unsuited:
    modules = json.loads((folder / MARK).read_text())
    kinds = tuple(module["type"].rpartition(".")[2] for module in modules)
    if kinds not in (_NORMALIZED, _NORMALIZED[:2]):
        return Unsuited(f"its modules are {', '.join(kinds)}")
    pooling = _pooling(json.loads((folder / modules[1]["path"] / "config.json").read_text()))
    inner = folder / modules[0]["path"]
    weights, words = inner / "model.safetensors", inner / "tokenizer.json"
    settings = _read(inner / "sentence_bert_config.json")
    prompt = _read(folder / "config_sentence_transformers.json").get("default_prompt_name")
    for missing, reason in (
        (pooling is None, "it pools otherwise than by mean or by the first token"),
        (not weights.is_file(), "it has no model.safetensors"),
        (not words.is_file(), "it has no tokenizer.json"),
        (settings.get("do_lower_case", False), "it lowers letters before the tokenizer does"),
        (prompt is not None, f"it puts the prompt {prompt!r} before every text"),
    ):
        if missing:
            return Unsuited(reason)
    architecture = Architecture.model_validate(_read(inner / "config.json"))
    tokenizer = Tokenizer.from_file(str(words))
    if not isinstance(tokenizer.model, WordPiece):
        return Unsuited("its tokenizer is no WordPiece")
    special = {n: i for n, w in SPECIAL.items() if (i := tokenizer.token_to_id(w)) is not None}
    if special.keys() != SPECIAL.keys():
        return Unsuited("its tokenizer has not BERT's special words")
    if tokenizer.get_vocab_size() > architecture.vocab_size:
        return Unsuited("its tokenizer has more words than its weights")
    if (number := _number_format(weights)) not in _READ:
        return Unsuited(f"its weights are {number}")
    longest = _longest(settings, _read(inner / "tokenizer_config.json"), architecture)
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return Bert(architecture, weights, str(pooling), tokenizer, longest, special)


def _read(file: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(file.read_text()) if file.is_file() else {}
    return found


def _pooling(config: dict[str, object]) -> str | None:
    """From one name, or from a flag for each as before release 5 of the library."""
    modes = [config["pooling_mode"]] if "pooling_mode" in config else [
        name.removeprefix(_LEGACY) for name, on in config.items() if name.startswith(_LEGACY) and on
    ]  # fmt: skip
    return _POOLINGS.get(str(modes[0])) if len(modes) == 1 else None


def _number_format(weights: Path) -> str:
    with safe_open(weights, framework="numpy") as file:
        formats = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    formats.discard("I64")  # of the positions' numbers, which are no weights
    return str(formats.pop()) if len(formats) == 1 else "of several formats"


def _longest(
    settings: dict[str, object], tokenizer: dict[str, object], architecture: Architecture
) -> int:
    told = settings.get("max_seq_length") or tokenizer.get("model_max_length")
    limit = architecture.max_position_embeddings
    return min(limit, int(told)) if isinstance(told, int | float) else limit
