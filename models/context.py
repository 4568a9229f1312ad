"""One llama.cpp context: the KV cache of many sequences, and the batch that is evaluated next.

The batch is written once an evaluation, and the logits are read in place. One thread only.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from struct import pack_into
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from schemas.errors import ModelUnavailable

Logits = NDArray[np.float32]


def quick(name: str) -> Any:
    """A function of llama.cpp, called with the interpreter's lock held: to give the lock away costs
    up to the switch interval where other threads compute, and the call takes microseconds."""
    function = getattr(ctypes.PyDLL("", handle=llama_cpp.llama_cpp._lib._handle), name)
    declared = getattr(llama_cpp, name)
    function.argtypes, function.restype = declared.argtypes, declared.restype
    return function


_forget = quick("llama_memory_seq_rm")

EXACT_BATCH = 60
"""Tokens of one pass on a CPU: from 64 on llama.cpp's flash attention takes another kernel, which
rounds differently. Matrix products take rows by four."""


class Context:
    """KV cache cells and a batch over a loaded model.

    Args:
        model: pointer to the loaded llama_model.
        length: tokens the cache holds for each sequence.
        sequences: sequence ids, 0 to ``sequences - 1``.
        batch: tokens of one evaluation at most.
        pooled: let all sequences share one buffer, which a GPU likes. Otherwise each has its own,
            and then logits do not depend, to the last bit, on the company or on how the tokens
            were split into evaluations.

    Raises:
        ModelUnavailable: there is not enough memory.
    """

    def __init__(
        self,
        model: Any,
        *,
        length: int,
        sequences: int,
        batch: int,
        threads: int,
        flash_attention: bool | None,
        pooled: bool,
    ) -> None:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = length * sequences
        params.n_batch = batch
        params.n_ubatch = self.stride = batch if pooled else min(batch, EXACT_BATCH)
        params.n_seq_max = sequences
        params.kv_unified = pooled
        params.n_threads = params.n_threads_batch = threads
        params.no_perf = True
        params.flash_attn_type = (
            llama_cpp.LLAMA_FLASH_ATTN_TYPE_AUTO if flash_attention is None else flash_attention
        )
        self._context = llama_cpp.llama_init_from_model(model, params)
        if not self._context:
            raise ModelUnavailable(
                f"llama.cpp could not make a context of {sequences} times {length} tokens",
                hint="Lower MODEL__CONTEXT or MODEL__SEQUENCES: memory may be short.",
            )
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
        self.length = length
        self.capacity = batch
        self._make_batch(batch)
        self._next: tuple[list[int], list[int], list[int]] = [], [], []
        """Of each token of the next batch: itself, its position, its sequence."""
        self._outputs: list[int] = []
        """Rows of the next batch that yield logits."""
        self._address, self._buffer = 0, np.empty((0, self._vocabulary), np.float32)
        self.evaluations = 0
        self.seconds = 0.0
        """Time llama.cpp took for them."""

    def _make_batch(self, size: int) -> None:
        int32 = ctypes.c_int32
        self._token, self._position, self._sequence = ((int32 * size)() for _ in range(3))
        self._count = (int32 * size)(*[1] * size)
        self._output = (ctypes.c_int8 * size)()
        pointer, start = ctypes.POINTER(int32), ctypes.addressof(self._sequence)
        self._pointers = (pointer * (size + 1))(
            *(ctypes.cast(start + 4 * i, pointer) for i in range(size))
        )
        self._batch = llama_cpp.llama_batch(
            n_tokens=0,
            token=self._token,
            pos=self._position,
            n_seq_id=self._count,
            seq_id=self._pointers,
            logits=self._output,
        )

    def set_lora(self, adapter: Any, scale: float) -> None:
        """Apply a LoRA adapter to every evaluation.

        Raises:
            ModelUnavailable: it does not fit the model.
        """
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)
        scales = (ctypes.c_float * 1)(scale)
        if llama_cpp.llama_set_adapters_lora(self._context, adapters, 1, scales):
            raise ModelUnavailable("the LoRA adapter does not fit the model")

    def add(
        self,
        sequence: int,
        position: int,
        tokens: Sequence[int],
        outputs: Sequence[int],
    ) -> int:
        """Put tokens of a sequence into the batch; ``outputs`` index those whose logits are read.

        Returns the row of the first logits in what ``evaluate`` gives.
        """
        rows, positions, sequences = self._next
        start, first = len(rows), len(self._outputs)
        rows += tokens
        positions += range(position, position + len(tokens))
        sequences += [sequence] * len(tokens)
        self._outputs += [start + index for index in outputs]
        return first

    def evaluate(self) -> Logits:
        """Run the model over the batch and empty it; the logits are valid until the next call.

        Raises:
            ModelUnavailable: llama.cpp failed.
        """
        outputs = self._write_batch()
        begun = time.perf_counter()
        code = llama_cpp.llama_decode(self._context, self._batch)
        pointer = llama_cpp.llama_get_logits(self._context) if outputs else None
        self.seconds += time.perf_counter() - begun
        if code != 0:
            raise ModelUnavailable(
                f"llama.cpp failed to evaluate {self._batch.n_tokens} tokens (code {code})",
                hint="Raise MODEL__CONTEXT if the code is 1; otherwise see the service's log.",
            )
        self.evaluations += 1
        if pointer is None:
            return self._buffer[:0]
        return self._logits(ctypes.addressof(pointer.contents))[:outputs]

    def _logits(self, address: int) -> Logits:
        """llama.cpp's buffer as rows of the largest batch; it holds those of the last one. It moves
        only to grow."""
        if address != self._address:
            memory = (ctypes.c_float * (self.capacity * self._vocabulary)).from_address(address)
            rows = np.frombuffer(memory, np.float32).reshape(self.capacity, self._vocabulary)
            self._address, self._buffer = address, rows
        return self._buffer

    def _write_batch(self) -> int:
        """Move what was added to llama.cpp's batch; returns how many rows yield logits."""
        size, outputs = len(self._next[0]), len(self._outputs)
        arrays = (self._token, self._position, self._sequence)
        for array, column in zip(arrays, self._next, strict=True):
            pack_into(f"{size}i", array, 0, *column)
            column.clear()
        ctypes.memset(self._output, 0, size)
        for row in self._outputs:
            self._output[row] = 1
        self._outputs.clear()
        self._batch.n_tokens = size
        return outputs

    def truncate(self, sequence: int, length: int) -> None:
        """Forget a sequence's tokens from a position on; 0 frees it."""
        _forget(self._memory, sequence, length, -1)

    def close(self) -> None:
        """Free the cache."""
        if self._context:
            llama_cpp.llama_free(self._context)
            self._context = None
