"""The language model: one protocol, one file a backend, one table of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from models.base import CommandModel
from models.options import LlamaCppOptions, ModelOptions, RemoteOptions, StubOptions

# llama.cpp's threads meet some 300 times an evaluation. As OpenMP comes they wait for one another
# in loops of milliseconds: where another program has a core, they keep it from the one they wait
# for, and an evaluation takes ten times as long. Read when OpenMP is loaded; a user's own value
# stands.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# CUDA graphs ended the process on an H100, "an illegal instruction was encountered", in 6 of 8 runs
# with many callers, whose batches seldom have the same shape twice; none of 5 without graphs, which
# are no slower. Read when CUDA is first used.
os.environ.setdefault("GGML_CUDA_DISABLE_GRAPHS", "1")


def _llama_cpp(options: LlamaCppOptions) -> CommandModel:
    from models.llama_cpp import LlamaCppModel

    return LlamaCppModel(options)


def _remote(options: RemoteOptions) -> CommandModel:
    from models.remote import RemoteModel

    return RemoteModel(options)


def _stub(options: StubOptions) -> CommandModel:
    from models.stub import StubModel

    return StubModel(options)


BACKENDS: Final[Mapping[str, Callable[[Any], CommandModel]]] = {
    "llama_cpp": _llama_cpp,
    "remote": _remote,
    "stub": _stub,
}
"""Name of a backend to its factory, which takes the backend's options and loads it."""


def create(options: ModelOptions) -> CommandModel:
    """Load the backend the options are for.

    Raises:
        ModelError: the weights are missing or corrupt, or the grammar does not compile.
    """
    return BACKENDS[options.backend](options)


__all__ = [
    "BACKENDS",
    "CommandModel",
    "LlamaCppOptions",
    "ModelOptions",
    "RemoteOptions",
    "StubOptions",
    "create",
]
