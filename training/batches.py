"""Batches made while the model trains: worker processes generate, tokenise and pad."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from queue import Empty
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from schemas.errors import SettingsError
from training.generator.sample import Generator, Recipe
from training.prompt import OPENING, STOP, prompt

CHUNK = 32
"""Batches a worker sorts by length at a time: the more, the less padding."""

LENGTH_STEP = 8
"""Padded lengths are multiples of it: the tensor cores' step."""

AHEAD = CHUNK
"""Batches a worker makes before they are asked for: it never waits with a chunk half given."""


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
    opening = tokenizer.encode(OPENING).ids
    wholes = tokenizer.encode_batch_fast([prompt(text) + target + STOP for text, target in samples])
    pairs: list[tuple[list[int], int]] = []
    for whole in wholes:
        ids = whole.ids
        if len(ids) <= longest:
            # The last one: an utterance may spell the mark too.
            behind = ids[::-1].index(opening[0])
            pairs.append((ids, len(ids) - 1 - behind + len(opening)))
    return pairs


@dataclass(frozen=True, slots=True)
class Source:
    """All that decides which batches a stream gives.

    Args:
        size: sequences of a batch.
        longest: tokens of a sequence; longer samples are left out.
        start: batches another run has already taken.
    """

    recipe: Recipe
    tokenizer: str
    size: int
    longest: int
    seed: int
    workers: int
    start: int = 0

    def batches(self, worker: int) -> Iterator[Batch]:
        """One worker's share, without end: every ``workers``-th chunk of samples."""
        tokenizer = Tokenizer.from_str(self.tokenizer)
        generator = Generator(self.recipe)
        chunk = worker + self.workers * math.ceil(self.start / (self.workers * CHUNK))
        while True:
            seed = self.seed * 1_000_003 + chunk
            made = [(s.text, s.target) for s in generator.samples(seed, self.size * CHUNK)]
            rng = random.Random(seed)
            pairs = encoded(tokenizer, made, self.longest)
            pairs.sort(key=lambda pair: len(pair[0]) + rng.random() * 4)
            groups = [
                pairs[i : i + self.size] for i in range(0, len(pairs) - self.size + 1, self.size)
            ]
            rng.shuffle(groups)
            for group in groups:
                yield pack(group, pad=2)
            chunk += self.workers


def _produce(queue: Queue[Batch], source: Source, worker: int) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # a forked pool of threads would hang
    for batch in source.batches(worker):
        queue.put(batch)


def _taken(queue: Queue[Batch], worker: BaseProcess) -> Batch:
    while True:
        lives = worker.is_alive()
        try:
            return queue.get(timeout=2)
        except Empty:
            if not lives:
                raise SettingsError(
                    f"a process that makes samples ended with exit code {worker.exitcode}",
                    hint="Its own message stands above. Killed for memory: set fewer data.workers.",
                ) from None


class Stream:
    """Batches without end from worker processes, taken in turn: the order is the source's alone.

    Close it, or the workers run on.
    """

    def __init__(self, source: Source) -> None:
        context = multiprocessing.get_context("fork")
        self._queues: list[Any] = [context.Queue(AHEAD) for _ in range(source.workers)]
        self._workers = [
            context.Process(target=_produce, args=(queue, source, worker), daemon=True)
            for worker, queue in enumerate(self._queues)
        ]
        for process in self._workers:
            process.start()

    def __iter__(self) -> Iterator[Batch]:
        """Batches.

        Raises:
            SettingsError: a worker process ended before its time.
        """
        for queue, worker in cycle(zip(self._queues, self._workers, strict=True)):
            yield _taken(queue, worker)

    def close(self) -> None:
        """End the workers."""
        for process in self._workers:
            process.terminate()
        for process in self._workers:
            process.join(timeout=10)
