"""A GGUF file loaded by llama-cpp-python, its faults named."""

from __future__ import annotations

import ctypes
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import llama_cpp
from llama_cpp.llama_tokenizer import LlamaTokenizer

from models.context import EXACT_BATCH, quick
from models.options import LlamaCppOptions
from models.prompt import Prompt
from schemas.errors import ModelFileCorrupt, ModelFileMissing, ModelUnavailable
from schemas.plan import fixed_texts

_MAGIC = b"GGUF"

_LONGEST_TOKEN = 1024
"""Bytes of the longest token that is written; whole texts of answers have up to 80."""


def load(options: LlamaCppOptions, *, context: int) -> Any:
    """The ``llama_cpp.Llama`` over the options' file.

    Args:
        context: tokens of its own context; the fast decoder makes another and needs few here.

    Raises:
        ModelFileMissing: there is no file.
        ModelFileCorrupt: llama.cpp cannot load it.
    """
    _check(options.path)
    if options.lora is not None:
        _check(options.lora)
    try:
        llama = llama_cpp.Llama(
            str(options.path),
            n_ctx=context,
            n_batch=min(context, 512),
            n_ubatch=min(context, 512 if gpu_layers(options) else EXACT_BATCH),
            n_threads=threads(options),
            n_threads_batch=threads(options),
            n_gpu_layers=gpu_layers(options),
            flash_attn=_flash(options),
            lora_path=None if options.lora is None else str(options.lora),
            lora_scale=options.lora_scale,
            use_mmap=False,  # repacked weights would stay resident beside the mapped file
            no_perf=True,
            verbose=False,
        )
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelFileCorrupt(f"llama.cpp cannot load {options.path}: {error}") from error
    spell_whole_tokens(llama)
    return llama


def spell_whole_tokens(llama: Any) -> None:
    """Let a loaded ``llama_cpp.Llama`` write tokens of more than 32 bytes, which it leaves out."""
    llama.tokenizer_ = _Tokenizer(llama)


class _Tokenizer(LlamaTokenizer):  # type: ignore[misc, unused-ignore]
    """llama-cpp-python's, without the bound on a token's bytes."""

    def __init__(self, llama: Any) -> None:
        super().__init__(llama)
        self._vocabulary = llama_cpp.llama_model_get_vocab(llama.model)
        self._buffer = ctypes.create_string_buffer(_LONGEST_TOKEN)

    def detokenize(
        self, tokens: list[int], prev_tokens: list[int] | None = None, special: bool = False
    ) -> bytes:
        return b"".join(self._piece(token, special) for token in tokens)

    def _piece(self, token: int, special: bool) -> bytes:
        size = llama_cpp.llama_token_to_piece(
            self._vocabulary, token, self._buffer, _LONGEST_TOKEN, 0, special
        )
        return self._buffer.raw[: max(size, 0)]


def _check(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError as error:
        raise ModelFileMissing(f"there is no model file {path}") from error
    except OSError as error:
        raise ModelFileMissing(f"the model file {path} cannot be read: {error}") from error
    if magic != _MAGIC:
        raise ModelFileCorrupt(f"{path} is no GGUF file: it starts with {magic!r}")


def threads(options: LlamaCppOptions) -> int:
    """CPU threads: as set, or the cores this process may use."""
    return options.threads or len(os.sched_getaffinity(0))


def gpu_layers(options: LlamaCppOptions) -> int:
    """Layers on the GPU: as set, or all where there is a GPU backend."""
    if options.gpu_layers is not None:
        return options.gpu_layers
    return -1 if llama_cpp.llama_supports_gpu_offload() else 0


def _flash(options: LlamaCppOptions) -> bool:
    if options.flash_attention is not None:
        return options.flash_attention
    return gpu_layers(options) == 0


def prompt(llama: Any, options: LlamaCppOptions) -> Prompt:
    """The prompt in the file's chat template, or the options'.

    Raises:
        ModelFileCorrupt: the template does not render.
    """
    return Prompt(
        options.chat_template or llama.metadata.get("tokenizer.chat_template"),
        system=options.system_prompt,
        bos_token=_text(llama, llama.token_bos()),
        eos_token=_text(llama, llama.token_eos()),
        special_tokens=_special_tokens(llama),
    )


def _text(llama: Any, token: int) -> str:
    if token < 0:
        return ""
    vocabulary = llama_cpp.llama_model_get_vocab(llama.model)
    text: bytes = llama_cpp.llama_vocab_get_text(vocabulary, token) or b""
    return text.decode("utf-8", errors="replace")


def _special_tokens(llama: Any) -> list[str]:
    """Texts that steer a model; parts of answers that are tokens of their own do not."""
    vocabulary = llama_cpp.llama_model_get_vocab(llama.model)
    special = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED
    texts = [
        _text(llama, token)
        for token in range(llama.n_vocab())
        if llama_cpp.llama_vocab_get_attr(vocabulary, token) & special
    ]
    harmless = fixed_texts()
    return [text for text in texts if text not in harmless]


_tokenize = quick("llama_tokenize")

_REMEMBERED = 8192
"""Words and values whose tokens are kept: a robot hears the same ones again."""

_JOINT = re.compile(r"(?<=[A-Za-z])(?=[ <])|(?<=\n)(?=[A-Za-z])")
"""Where the tokenizers of ``_PARTED`` part every text before they look for tokens."""

_PARTED = {"gpt-2", "smollm", "llama-bpe", "qwen2"}
"""Values of ``tokenizer.ggml.pre`` by which a word is letters only, with at most a space before."""


class Tokenizer:
    """Text to tokens of a loaded model; safe to use from several threads."""

    def __init__(self, llama: Any) -> None:
        self._vocabulary = llama_cpp.llama_model_get_vocab(llama.model)
        self._begin = llama.metadata.get("tokenizer.ggml.add_bos_token", "false") == "true"
        self._parted = (
            not self._begin
            and llama.metadata.get("tokenizer.ggml.pre") in _PARTED
            and not any(map(_JOINT.search, _special_tokens(llama)))
        )
        spelled = {text: self._tokens(text, False, special=False) for text in fixed_texts()}
        # Where only some are one token they are ordinary ones, which merge with what is around.
        self._whole = spelled if all(len(tokens) == 1 for tokens in spelled.values()) else {}
        longest_first = sorted(spelled, key=len, reverse=True)
        self._parts = re.compile(f"({'|'.join(map(re.escape, longest_first))})")
        self._remembered = lru_cache(_REMEMBERED)(self._tokens)

    def prompt(self, text: str) -> list[int]:
        """The tokens of a prompt; control tokens are read as such. Words are remembered."""
        if not self._parted:
            return self._tokens(text, self._begin, special=True)
        tokens: list[int] = []
        for part in _JOINT.split(text):
            tokens += self._remembered(part, False, special=True)
        return tokens

    def answer(self, text: str) -> list[int]:
        """The tokens of a part of an answer: whole texts part it, what is between is remembered."""
        if not self._whole:
            return self._tokens(text, False, special=False)
        tokens: list[int] = []
        for part in self._parts.split(text):
            if part:
                tokens += self._whole.get(part) or self._remembered(part, False, special=False)
        return tokens

    def _tokens(self, text: str, begin: bool, *, special: bool) -> list[int]:
        encoded = text.encode()
        size = len(encoded) + 8
        buffer = (ctypes.c_int32 * size)()
        count = _tokenize(self._vocabulary, encoded, len(encoded), buffer, size, begin, special)
        return buffer[:count]


def lora(llama: Any, options: LlamaCppOptions) -> Any:
    """The options' LoRA adapter over the loaded model, for a context of one's own.

    Raises:
        ModelUnavailable: it does not fit the model.
    """
    adapter = llama_cpp.llama_adapter_lora_init(llama.model, str(options.lora).encode())
    if adapter is None:
        raise ModelUnavailable(f"the LoRA adapter {options.lora} does not fit {options.path}")
    return adapter
