"""What computes vectors: llama.cpp, which the language model brings, or sentence-transformers."""

from __future__ import annotations

import ctypes
import logging
import os
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge_base.bert import Bert
from schemas.errors import EmbedderMissing

Vectors = NDArray[np.float32]

_BATCH = 64
"""Tokens of one evaluation: some ten phrases. More are no faster, and llama.cpp sets 120 KiB aside
for each, the logits that a language model would have."""

_SEQUENCES = 32
"""Phrases of one evaluation; none has less than two tokens."""


class Encoder(Protocol):
    """Unit vectors, one row a text; one caller at a time."""

    def encode(self, texts: list[str]) -> Vectors: ...


class LlamaEncoder:
    """A BERT in a context of its own, on one thread of the caller's.

    Args:
        bert: whose tokenizer cuts the texts: llama.cpp's own reads accents and rare letters
            otherwise than the library a model was trained with.
        file: the same BERT as GGUF.

    Raises:
        EmbedderMissing: llama.cpp cannot load it.
    """

    def __init__(self, bert: Bert, file: Path) -> None:
        import llama_cpp

        self._tokenizer = bert.tokenizer
        self._capacity = max(_BATCH, bert.longest)
        logging.getLogger("llama-cpp-python").setLevel(logging.ERROR)  # as its Llama class does
        llama_cpp.llama_backend_init()
        model = llama_cpp.llama_model_load_from_file(str(file).encode(), _model_params(llama_cpp))
        if not model:
            raise EmbedderMissing(f"llama.cpp cannot load the converted embedder {file}")
        self._context = llama_cpp.llama_init_from_model(model, self._params(llama_cpp))
        if not self._context:
            llama_cpp.llama_model_free(model)
            raise EmbedderMissing("llama.cpp has not the memory for an embedder")
        self._width = llama_cpp.llama_model_n_embd(model)
        self._batch = llama_cpp.llama_batch_init(self._capacity, 0, 1)
        weakref.finalize(self, _free, llama_cpp, self._context, model, self._batch)
        self._llama = llama_cpp

    def _params(self, llama_cpp: Any) -> Any:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = self._capacity
        params.n_seq_max = _SEQUENCES
        params.kv_unified = True
        # A phrase is too short to share out: with a core that is busy, two threads wait for each
        # other longer than one computes.
        params.n_threads = params.n_threads_batch = 1
        params.embeddings = True
        params.offload_kqv = params.op_offload = False
        params.no_perf = True
        return params

    def encode(self, texts: list[str]) -> Vectors:
        rows = [self._tokenizer.encode(text).ids for text in texts]
        vectors = np.empty((len(texts), self._width), np.float32)
        begin = 0
        while begin < len(rows):
            end, size = begin + 1, len(rows[begin])
            while end < len(rows) and end - begin < _SEQUENCES and size + len(rows[end]) <= _BATCH:
                size += len(rows[end])
                end += 1
            vectors[begin:end] = self._evaluated(rows[begin:end])
            begin = end
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _evaluated(self, rows: Sequence[Sequence[int]]) -> Vectors:
        """The pooled outputs of a few token sequences, in one evaluation."""
        llama, batch, filled = self._llama, self._batch, 0
        for sequence, tokens in enumerate(rows):
            for position, token in enumerate(tokens):
                batch.token[filled] = token
                batch.pos[filled] = position
                batch.n_seq_id[filled] = 1
                batch.seq_id[filled][0] = sequence
                batch.logits[filled] = True
                filled += 1
        batch.n_tokens = filled
        if code := llama.llama_encode(self._context, batch):
            raise EmbedderMissing(f"llama.cpp failed to embed {filled} tokens (code {code})")
        pointers = (llama.llama_get_embeddings_seq(self._context, n) for n in range(len(rows)))
        return np.stack([np.ctypeslib.as_array(p, (self._width,)) for p in pointers])


def _model_params(llama_cpp: Any) -> Any:
    params = llama_cpp.llama_model_default_params()
    nothing = (ctypes.c_void_p * 1)(None)
    params.devices = ctypes.cast(nothing, ctypes.c_void_p)  # a list that ends at once: no GPU
    params.n_gpu_layers = 0
    params.load_mode = llama_cpp.LLAMA_LOAD_MODE_NONE
    return params


def _free(llama_cpp: Any, context: Any, model: Any, batch: Any) -> None:
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)


class LibraryEncoder:
    """Whatever sentence-transformers runs.

    Args:
        folder: one of its folders.
        reason: why llama.cpp does not run it.

    Raises:
        EmbedderMissing: the library is not installed, or cannot load the folder.
    """

    def __init__(self, folder: Path, reason: str) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        os.environ["TRANSFORMERS_OFFLINE"] = "1"
        try:
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as progress
        except ImportError as error:
            raise EmbedderMissing(
                f"{folder} needs the sentence-transformers library: {reason}",
                hint="Run '.venv/bin/pip install -c constraints.txt "
                "-e .[sentence-transformers]', or unset KNOWLEDGE__EMBEDDER.",
            ) from error
        disable: Callable[[], None] = progress.disable_progress_bar
        disable()  # "Loading weights" would tear the service's log
        torch.set_num_threads(1)
        try:
            self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except Exception as error:  # whatever a broken folder makes the library raise
            raise EmbedderMissing(f"{folder} cannot be loaded: {error}") from error

    def encode(self, texts: list[str]) -> Vectors:
        found = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return found.astype(np.float32)
