"""The language model: one protocol, one file a backend, one table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from models.base import CommandModel
from models.options import LlamaCppOptions, ModelOptions, RemoteOptions, StubOptions


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
