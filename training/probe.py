"""A quick look at a model in training: exact answers on splits the data keeps back."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from training.generator.sample import Generator, Recipe, Sample
from training.generator.splits import Split
from training.prompt import LONGEST_ANSWER, prompt

STOP_ID = 2
PROBE_SEED = 987_654_321
"""Far from the seeds of training chunks."""


def answers(
    model: LlamaForCausalLM, tokenizer: Tokenizer, texts: list[str], size: int = 256
) -> list[str]:
    """Greedy, unconstrained answers."""
    device = next(model.parameters()).device
    ids = [tokenizer.encode(prompt(text)).ids for text in texts]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    written = [""] * len(ids)
    model.eval()  # type: ignore[no-untyped-call, unused-ignore]
    for at in range(0, len(order), size):
        rows = order[at : at + size]
        width = max(len(ids[i]) for i in rows)
        padded = torch.tensor(
            [[STOP_ID] * (width - len(ids[i])) + ids[i] for i in rows], device=device
        )
        mask = torch.tensor(
            [[0] * (width - len(ids[i])) + [1] * len(ids[i]) for i in rows], device=device
        )
        with (
            torch.no_grad(),
            torch.compiler.set_stance("force_eager"),  # every length would be compiled anew
            torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"),
        ):
            out = model.generate(  # type: ignore[misc, unused-ignore]
                input_ids=padded,
                attention_mask=mask,
                max_new_tokens=LONGEST_ANSWER,
                do_sample=False,
                eos_token_id=STOP_ID,
                pad_token_id=STOP_ID,
            )
        for row, sequence in zip(rows, out[:, width:].tolist(), strict=True):
            end = sequence.index(STOP_ID) if STOP_ID in sequence else len(sequence)
            written[row] = tokenizer.decode(sequence[:end])
    model.train()
    return written


def probe(
    model: LlamaForCausalLM, tokenizer: Tokenizer, recipe: Recipe, count: int, misses: Path
) -> str:
    """Share of exact answers by split as one line; the wrong ones go to ``misses``."""
    shares: list[str] = []
    with misses.open("w", encoding="utf-8") as file:
        for split in Split:
            samples: list[Sample] = list(Generator(recipe, split).samples(PROBE_SEED, count))
            written = answers(model, tokenizer, [s.text for s in samples])
            wrong = [(s, w) for s, w in zip(samples, written, strict=True) if s.target != w]
            shares.append(f"{split.value} {1 - len(wrong) / count:.3f}")
            for sample, text in wrong:
                row = {"split": split.value, "kind": sample.kind, "text": sample.text}
                file.write(json.dumps(row | {"expected": sample.target, "written": text}) + "\n")
    return "exact: " + ", ".join(shares)
