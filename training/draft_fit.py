"""Fits the drafter's weights to pairs of utterance and plan: ``python -m training.draft_fit``.

The pairs are the generator's, or JSON lines with ``text`` and ``target``, the text a model is
trained to write. The more, the fewer evaluations a plan takes: 300,000 take ten minutes.
Three log-linear models share two tables of hashed features; one pass of Adagrad each, with torch.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from models.draft import (
    DECLINE,
    DRAFT,
    END,
    FIELDS,
    MAX_WORDS,
    SHAPES,
    TAG_BITS,
    VALUE_BITS,
    History,
    Weights,
    Words,
    end_features,
    fixed_features,
    start_features,
    tag_features,
    word_id,
)
from training.generator.sample import Generator, Recipe

SAMPLES = 300_000
_MOST_FIXED = 24
_BATCH = 256


Pair = tuple[str, list[dict[str, str]]]
"""An utterance and its commands."""


@dataclass(slots=True)
class _Example:
    """Candidates as columns of feature numbers, and the right one."""

    columns: list[NDArray[np.intp]]
    right: int


def pairs(path: Path) -> list[Pair]:
    """Utterances and their commands.

    Raises:
        ValueError: a line is not as described.
    """
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [_pair(str(row["text"]), row["target"]) for row in rows]


def generated(samples: int, seed: int) -> list[Pair]:
    """The generator's, with fewer declines and tasks in one breath than a model is trained on:
    as people speak to a robot that they want something of."""
    made = Generator(Recipe(declines=0.05, compositions=0.08)).samples(seed, samples)
    return [_pair(sample.text, sample.target) for sample in made]


def _pair(text: str, target: str) -> Pair:
    answer = json.loads(target)
    declined = {"action": f"{DECLINE}{answer.get('reason')}", "verb": answer.get("verb", "")}
    return text, answer["commands"] or [declined]


def fixed_values(data: list[Pair]) -> dict[str, tuple[str, ...]]:
    """By field, the commonest values that are not words of their utterance."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text, commands in data:
        words = Words(text)
        for command in commands:
            for name in FIELDS[command["action"]]:
                if _copied(words, command[name], History()) is None:
                    counts[name][command[name]] += 1
    return {
        name: tuple(v for v, n in c.most_common(_MOST_FIXED) if n > 20)
        for name, c in counts.items()
    }


def _copied(words: Words, value: str, history: History) -> tuple[int, int, int] | None:
    """Start, length and shape of a value made of words of the utterance; nearest the last used."""
    found = []
    for shape, pattern in enumerate(SHAPES):
        before, after = pattern.split("{}")
        if not (value.startswith(before) and value.endswith(after)):
            continue
        bare = value[len(before) : len(value) - len(after)]
        for start, (first, _) in enumerate(words.spans):
            if not bare or not words.text.startswith(bare, first):
                continue
            for length in range(1, min(MAX_WORDS, len(words) - start) + 1):
                if words.slice(start, start + length) == bare:
                    found.append((start, length, shape))
    taken = {i for a, b in history.used for i in range(a, b)}
    return min(found, key=lambda f: (f[2], f[0] in taken, abs(f[0] - history.last)), default=None)


def fit(data: list[Pair], *, passes: int = 1) -> Weights:
    """The weights that make the plans likely."""
    fixed = fixed_values(data)
    tags = (*FIELDS, END)
    next_tag = torch.zeros(1 << TAG_BITS, len(tags), requires_grad=True)
    values = torch.zeros(1 << VALUE_BITS, requires_grad=True)
    optimizer = torch.optim.Adagrad([next_tag, values], lr=0.1)
    steps = [data[i : i + _BATCH] for i in range(0, len(data), _BATCH)] * passes
    for number, batch in enumerate(track(steps, "fitting")):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * (1.0 - number / len(steps)) + 0.005
        tag_examples: list[tuple[NDArray[np.intp], int]] = []
        value_examples: list[_Example] = []
        for text, commands in batch:
            _collect(Words(text), commands, tags, fixed, tag_examples, value_examples)
        loss = _tag_loss(next_tag, tag_examples) + _value_loss(values, value_examples)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        if number % 50 == 0:
            print(f"step {number} loss {loss.item():.4f}")
    return Weights(
        tags=tags,
        fixed=fixed,
        next_tag=next_tag.detach().numpy(),
        values=values.detach().numpy(),
    )


def _collect(
    words: Words,
    commands: list[dict[str, str]],
    tags: tuple[str, ...],
    fixed: dict[str, tuple[str, ...]],
    tag_examples: list[tuple[NDArray[np.intp], int]],
    value_examples: list[_Example],
) -> None:
    history = History()
    for command in commands:
        tag_examples.append((tag_features(words, history), tags.index(command["action"])))
        history.tags.append(command["action"])
        for name in FIELDS[command["action"]]:
            value = command[name]
            value_examples.extend(_value_examples(words, history, name, value, fixed))
            words.take(history, value)
    if not history.tags[-1].startswith(DECLINE):
        tag_examples.append((tag_features(words, history), tags.index(END)))


def _value_examples(
    words: Words,
    history: History,
    name: str,
    value: str,
    fixed: dict[str, tuple[str, ...]],
) -> Iterator[_Example]:
    slot, known = word_id(name), fixed.get(name, ())
    copied = None if value in known else _copied(words, value, history)
    if copied is None and value not in known:
        return
    starts = start_features(words, history, slot)
    columns = [starts[:, i] for i in range(starts.shape[1])]
    columns += list(fixed_features(words, history, slot, known)) if known else []
    if copied is None:
        yield _Example(columns, len(words) + known.index(value))
        return
    start, length, shape = copied
    yield _Example(columns, start)
    ends = end_features(words, start, slot)
    yield _Example([ends[:, i] for i in range(ends.shape[1])], (length - 1) * len(SHAPES) + shape)


def _tag_loss(table: torch.Tensor, examples: list[tuple[NDArray[np.intp], int]]) -> torch.Tensor:
    features = torch.from_numpy(np.concatenate([f for f, _ in examples]))
    sizes = torch.tensor([0, *np.cumsum([len(f) for f, _ in examples])[:-1].tolist()])
    scores = torch.nn.functional.embedding_bag(features, table, sizes, mode="sum")
    return torch.nn.functional.cross_entropy(scores, torch.tensor([t for _, t in examples]))


def _value_loss(table: torch.Tensor, examples: list[_Example]) -> torch.Tensor:
    columns = [column for example in examples for column in example.columns]
    features = torch.from_numpy(np.concatenate(columns))
    offsets = torch.tensor([0, *np.cumsum([len(c) for c in columns])[:-1].tolist()])
    flat = torch.nn.functional.embedding_bag(features, table[:, None], offsets, mode="sum")[:, 0]
    widest = max(len(example.columns) for example in examples)
    scores = torch.full((len(examples), widest), -torch.inf)
    rows = np.repeat(np.arange(len(examples)), [len(e.columns) for e in examples])
    places = np.concatenate([np.arange(len(e.columns)) for e in examples])
    scores = scores.index_put((torch.from_numpy(rows), torch.from_numpy(places)), flat)
    return torch.nn.functional.cross_entropy(scores, torch.tensor([e.right for e in examples]))


def main() -> None:
    """Fit, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "pairs", type=Path, nargs="?", help="JSON lines; else made by the generator"
    )
    parser.add_argument("--samples", type=int, default=SAMPLES, help="generated, without a file")
    parser.add_argument("--out", type=Path, default=DRAFT)
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    data = pairs(options.pairs) if options.pairs else generated(options.samples, options.seed)
    random.Random(options.seed).shuffle(data)
    fit(data, passes=options.passes).save(options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
