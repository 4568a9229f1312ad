"""Batches made while the model trains: worker processes generate, tokenise and pad."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.queues import Queue
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from training.generator.sample import Generator, Recipe
from training.prompt import STOP, prompt

CHUNK = 16
"""Batches a worker sorts by length at a time."""

LENGTH_STEP = 16
"""Padded lengths are multiples of it, so that few shapes occur."""


@dataclass(frozen=True, slots=True)
class Batch:
    """``where`` indexes the flattened positions whose next token is part of an answer."""

    ids: NDArray[np.int64]
    where: NDArray[np.int64]
    targets: NDArray[np.int64]


def pack(pairs: list[tuple[list[int], int]], pad: int) -> Batch:
    """Right-padded token ids; each pair is the whole sequence and its prompt's length."""
    longest = max(len(ids) for ids, _ in pairs) - 1
    width = -(-longest // LENGTH_STEP) * LENGTH_STEP
    ids = np.full((len(pairs), width), pad, np.int64)
    where: list[int] = []
    targets: list[int] = []
    for row, (sequence, start) in enumerate(pairs):
        ids[row, : len(sequence) - 1] = sequence[:-1]
        where.extend(range(row * width + start - 1, row * width + len(sequence) - 1))
        targets.extend(sequence[start:])
    return Batch(ids, np.asarray(where), np.asarray(targets))


def encoded(
    tokenizer: Tokenizer, samples: list[tuple[str, str]], longest: int
) -> list[tuple[list[int], int]]:
    """Token ids and prompt lengths of (utterance, target) pairs that are short enough."""
    heads = tokenizer.encode_batch([prompt(text) for text, _ in samples])
    tails = tokenizer.encode_batch([target + STOP for _, target in samples])
    pairs = [(h.ids + t.ids, len(h.ids)) for h, t in zip(heads, tails, strict=True)]
    return [pair for pair in pairs if len(pair[0]) <= longest]


def _produce(
    queue: Queue[Batch],
    recipe: Recipe,
    vocabulary: str,
    size: int,
    longest: int,
    seed: int,
    worker: int,
    workers: int,
) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # a forked pool of threads would hang
    tokenizer = Tokenizer.from_str(vocabulary)
    generator = Generator(recipe)
    rng = random.Random(seed * 7919 + worker)
    chunk = worker
    while True:
        made = [
            (s.text, s.target) for s in generator.samples(seed * 1_000_003 + chunk, size * CHUNK)
        ]
        chunk += workers
        pairs = encoded(tokenizer, made, longest)
        pairs.sort(key=lambda pair: len(pair[0]) + rng.random() * 4)
        groups = [pairs[i : i + size] for i in range(0, len(pairs) - size + 1, size)]
        rng.shuffle(groups)
        for group in groups:
            queue.put(pack(group, pad=2))


class Stream:
    """Batches without end from worker processes. Close it, or they run on."""

    def __init__(
        self, recipe: Recipe, tokenizer: Tokenizer, size: int, longest: int, seed: int, workers: int
    ) -> None:
        context = multiprocessing.get_context("fork")
        self._queue: Any = context.Queue(64)
        text = tokenizer.to_str()
        self._workers = [
            context.Process(
                target=_produce,
                args=(self._queue, recipe, text, size, longest, seed, worker, workers),
                daemon=True,
            )
            for worker in range(workers)
        ]
        for process in self._workers:
            process.start()

    def __iter__(self) -> Iterator[Batch]:
        while True:
            yield self._queue.get(timeout=300)

    def close(self) -> None:
        """End the workers."""
        for process in self._workers:
            process.terminate()
        for process in self._workers:
            process.join(timeout=10)
