"""Shaping the base model before fine-tuning: fewer layers, or more, and fewer tokens."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from schemas.plan import fixed_texts
from training.checkpoint import Checkpoint, evenly, prune
from training.generator.resources import lines
from training.generator.sample import Generator, Recipe
from training.prompt import prompt
from training.vocabulary import in_use


def corpus(recipe: Recipe, seed: int, samples: int) -> Iterator[str]:
    """Texts a vocabulary is chosen on: samples, and every word and name alone."""
    for sample in Generator(recipe).samples(seed, samples):
        yield prompt(sample.text) + sample.target
    rng = random.Random(seed)
    for word in (*lines("words"), *lines("names")):
        yield f" {word}"
        if rng.random() < 0.3:
            yield f'"{word}"'


def cut_down(
    base: Path,
    target: Path,
    layers: int,
    feed_forward: int,
    tokens: int,
    recipe: Recipe,
    seed: int,
    samples: int,
) -> None:
    """Write the base with ``layers`` evenly chosen layers and about ``tokens`` tokens.

    More layers than the base has are put in evenly; they change no answer before training.
    What answers hold beside values becomes one token a text: a third of the tokens to decode.
    """
    source = Checkpoint.open(base)
    vocabulary = source.vocabulary
    rows = list(range(len(vocabulary.tokens)))
    if tokens and tokens < len(rows):
        wanted = in_use(vocabulary.tokenizer(), corpus(recipe, seed, samples), tokens)
        vocabulary, rows = vocabulary.cut(wanted)
    vocabulary, spelled = vocabulary.with_texts(fixed_texts())
    kept = evenly(source.layers, layers or source.layers)
    prune(source, target, kept, rows, vocabulary, spelled, feed_forward)
