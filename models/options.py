"""What each backend can be told: frozen models that settings embed, cheap to import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

DEFAULT_WEIGHTS = Path(__file__).parent / "weights" / "default.gguf"

MAX_ANSWER_TOKENS = 400
"""Tokens of the longest answer: 24 commands of about 15 tokens, one more than a plan has."""

_BACKEND = (
    "'llama_cpp' runs a GGUF file in this process, 'remote' asks a server that speaks OpenAI's "
    "chat API, 'stub' answers from a script; each has settings of its own."
)

_MAX_TOKENS = "Tokens an answer may take; a longer one is asked back as too much at once."


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LlamaCppOptions(_Options):
    """A GGUF file run in this process by llama.cpp."""

    backend: Annotated[Literal["llama_cpp"], Field(description=_BACKEND)] = "llama_cpp"
    path: Annotated[Path, Field(description="The GGUF file.")] = DEFAULT_WEIGHTS
    chat_template: Annotated[
        str | None,
        Field(description="Jinja chat template in place of the one in the GGUF file."),
    ] = None
    system_prompt: Annotated[
        str | None,
        Field(description="System message before the utterance; the default weights need none."),
    ] = None
    lora: Annotated[Path | None, Field(description="A LoRA adapter in GGUF form.")] = None
    lora_scale: Annotated[float, Field(description="Strength of the LoRA adapter.")] = 1.0
    gpu_layers: Annotated[
        int | None,
        Field(
            description="Layers put on the GPU; -1 is all of them. "
            "Unset: all where llama.cpp was built with a GPU backend, else none.",
            ge=-1,
        ),
    ] = None
    threads: Annotated[
        int | None,
        Field(
            description="CPU threads of the model. Unset: the cores this process may use.",
            ge=1,
        ),
    ] = None
    context: Annotated[
        int,
        Field(
            description="Tokens of the KV cache for each sequence: prompt and answer. An utterance "
            "of 30 words and its plan take about 110.",
            ge=256,
        ),
    ] = 1024
    sequences: Annotated[
        int | None,
        Field(
            description="Utterances decoded at once in one context. "
            "Unset: 4 on a CPU, 64 on a GPU.",
            ge=1,
            le=255,
        ),
    ] = None
    decoder: Annotated[
        Literal["fast", "reference"],
        Field(
            description="'fast' evaluates the model only where there is a choice; 'reference' is "
            "plain Outlines, one evaluation a token, one utterance at a time. Same answers."
        ),
    ] = "fast"
    draft: Annotated[
        bool,
        Field(description="Draft likely continuations and verify them in the same evaluation."),
    ] = True
    copying: Annotated[
        bool,
        Field(
            description="Places, things and names are made of the words that were said, whatever "
            "the model would rather write. Off for a model that was taught names of its own."
        ),
    ] = True
    calibrated: Annotated[
        bool,
        Field(description="Scale confidence by the calibration that lies beside the weights."),
    ] = True
    max_tokens: Annotated[int, Field(description=_MAX_TOKENS, ge=16)] = MAX_ANSWER_TOKENS
    flash_attention: Annotated[
        bool | None,
        Field(description="Flash attention. Unset: where llama.cpp finds it supported."),
    ] = None


class RemoteOptions(_Options):
    """A server that speaks OpenAI's API: vLLM, Ollama, llama.cpp's server, and others."""

    backend: Annotated[Literal["remote"], Field(description=_BACKEND)] = "remote"
    base_url: Annotated[
        str, Field(description="Base of the server's API, with its version path.")
    ] = "http://127.0.0.1:8080/v1"
    model: Annotated[str, Field(description="Name of the model on that server.")] = "default"
    api_key: Annotated[
        SecretStr | None,
        Field(description="Sent as a bearer token; unset: none is needed."),
    ] = None
    timeout: Annotated[float, Field(description="Seconds one answer may take.", gt=0)] = 30.0
    constrain: Annotated[
        bool,
        Field(description="Send the answer's JSON Schema, so that the server constrains decoding."),
    ] = True
    system_prompt: Annotated[
        str | None,
        Field(
            description="System message. Unset: a catalogue of the commands, for models that "
            "were not tuned on them; empty: none."
        ),
    ] = None
    max_tokens: Annotated[int, Field(description=_MAX_TOKENS, ge=16)] = 1024
    concurrency: Annotated[int, Field(description="Requests sent to the server at once.", ge=1)] = 8


class StubOptions(_Options):
    """Scripted answers, for tests and demonstrations without weights."""

    backend: Annotated[Literal["stub"], Field(description=_BACKEND)] = "stub"
    script: Annotated[
        Path | None,
        Field(description="JSON object: utterance to answer, as the model would write it."),
    ] = None


ModelOptions = LlamaCppOptions | RemoteOptions | StubOptions
"""The options of one backend; ``backend`` tells which."""
