"""The small recipe: every weight of a cut-down model is trained on samples made on the fly."""

from __future__ import annotations

import csv
import logging
import math
import os
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from transformers import LlamaForCausalLM

from schemas.errors import SettingsError
from training.batches import Batch, Source, Stream
from training.checkpoint import Checkpoint, smollm2, write
from training.generator.entities import Arena
from training.generator.sample import Recipe
from training.prepare import cut_down
from training.probe import probe
from training.quantized import rounded
from training.ranks import Rank, count, together
from training.settings import Data, Small

log = logging.getLogger(__name__)
Progress = Callable[[float, str], None]
"""Told the part of the run that is done and a line about it."""


def recipe_of(data: Data) -> Recipe:
    """The generator's recipe for these settings."""
    arena = Arena.read(data.arena) if data.arena else Arena.default()
    return Recipe(declines=data.declines, compositions=data.compositions, arena=arena)


@dataclass
class Run:
    """A training run and all that is needed to resume it."""

    settings: Small
    source: Checkpoint
    model: LlamaForCausalLM
    optimizer: torch.optim.Optimizer
    rank: Rank
    step: int = 0
    samples: int = 0
    seconds: float = 0.0
    losses: list[tuple[int, float, float]] = field(default_factory=list)
    """Samples seen, loss, learning rate."""

    @property
    def done(self) -> float:
        """Part of the run behind us: by samples or by time, whichever is further."""
        by_time = self.seconds / (self.settings.max_minutes * 60)
        return min(1.0, max(self.samples / self.settings.samples, by_time))

    def learning_rate(self) -> float:
        """Linear warm-up, then a cosine to zero."""
        warmup, done = self.settings.warmup, self.done
        if done < warmup:
            return self.settings.learning_rate * min(1.0, (done + 1e-3) / warmup)
        return (
            self.settings.learning_rate
            * 0.5
            * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))
        )

    def save(self, path: Path) -> None:
        """Write the state beside the old one, then take its place."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "samples": self.samples,
            "seconds": self.seconds,
            "losses": self.losses,
        }
        fresh = path.with_suffix(".new")
        torch.save(state, fresh)
        os.replace(fresh, path)

    def load(self, path: Path) -> None:
        """Take up a saved state."""
        state = torch.load(path, map_location=self.rank.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.samples, self.seconds = state["step"], state["samples"], state["seconds"]
        self.losses = [(int(n), float(loss), float(rate)) for n, loss, rate in state["losses"]]


def check(settings: Small, cuda: bool) -> None:
    """Refuse what cannot work, before anything is written.

    Raises:
        SettingsError: says what is missing.
    """
    if cuda and not torch.cuda.is_available():
        raise SettingsError(
            "no CUDA device is visible to PyTorch",
            hint="Install a CUDA build of torch, or pass --cpu for a small run.",
        )
    world = count(settings.devices, cuda)
    if settings.batch % world:
        raise SettingsError(f"batch {settings.batch} is no multiple of {world} devices")


def finetune(
    settings: Small,
    *,
    cuda: bool = True,
    resume: bool = False,
    progress: Progress = lambda *_: None,
) -> Path:
    """Train and write ``model-f16.gguf`` and ``model-q4_0.gguf``; returns the f16 file.

    Raises:
        SettingsError: a requirement is missing.
        ModelFileMissing, ModelFileCorrupt: the base cannot be read.
    """
    check(settings, cuda)
    output = settings.output
    output.mkdir(parents=True, exist_ok=True)
    recipe = recipe_of(settings.data)
    pruned = output / "base.gguf"
    if not (resume and pruned.is_file()):
        progress(0.0, "cutting the base model down")
        cut_down(
            settings.base or smollm2(),
            pruned,
            settings.layers,
            settings.feed_forward,
            settings.tokens,
            recipe,
            settings.data.seed,
            settings.corpus,
        )
    with together(count(settings.devices, cuda), cuda, _follow, settings, pruned, resume) as rank:
        run = _trained(rank, settings, pruned, resume, progress)
    write_losses(run.losses, output / "loss.csv")
    for form in ("f16", "q4_0"):
        write(run.model, run.source, output / f"model-{form}.gguf", form)
    if settings.probes:
        # The weights as they are served, so far as training has seen them so.
        tokenizer = run.source.vocabulary.tokenizer()
        served = rounded(linear_weights(run.model)) if settings.quantize_from < 1 else nullcontext()
        with served:
            told = probe(run.model, tokenizer, recipe, settings.probes, output / "misses.jsonl")
        progress(1.0, told)
    return output / "model-f16.gguf"


def _follow(rank: Rank, settings: Small, pruned: Path, resume: bool) -> None:
    _trained(rank, settings, pruned, resume, lambda *_: None)


def _trained(rank: Rank, settings: Small, pruned: Path, resume: bool, progress: Progress) -> Run:
    source = Checkpoint.open(pruned)
    run = _start(settings, source, rank)
    state = settings.output / "state.pt"
    if resume and state.is_file():
        run.load(state)
    if run.done >= 1:
        return run
    cores = settings.data.workers or max(1, (os.cpu_count() or 2) - 2)
    stream = Stream(
        Source(
            recipe_of(settings.data),
            source.vocabulary.tokenizer().to_str(),
            settings.batch // rank.world,
            settings.longest,
            settings.data.seed + 7919 * rank.number,
            max(1, cores // rank.world),
            run.step,
        )
    )
    try:
        _train(run, stream, state, progress)
    finally:
        stream.close()
    return run


def _start(settings: Small, source: Checkpoint, rank: Rank) -> Run:
    torch.manual_seed(settings.data.seed)
    model = source.model().to(rank.device)  # type: ignore[arg-type, unused-ignore]
    model.train()
    if settings.compile:
        for layer in model.model.layers:
            layer.compile(dynamic=True)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        groups, lr=settings.learning_rate, betas=(0.9, 0.98), fused=rank.cuda
    )
    return Run(settings, source, model, optimizer, rank)


def _train(run: Run, stream: Stream, state: Path, progress: Progress) -> None:
    teacher = _teacher(run)
    linear = linear_weights(run.model)
    saved = behind = run.seconds
    started = time.monotonic()
    recent: list[torch.Tensor] = []
    for batch in stream:
        if run.done >= 1:
            break
        rate = run.learning_rate()
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        rounding = rounded(linear) if run.done >= run.settings.quantize_from else nullcontext()
        with rounding:
            recent.append(_backward(run, batch, teacher))
        run.rank.average(run.model.parameters())
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        run.optimizer.step()
        run.optimizer.zero_grad(set_to_none=True)
        run.step += 1
        run.samples += len(batch.ids) * run.rank.world
        if run.step > 3 and run.step % 20 and run.samples < run.settings.samples:
            continue
        run.seconds = run.rank.agreed(behind + time.monotonic() - started)
        loss = float(torch.stack(recent).mean())
        recent = []
        run.losses.append((run.samples, loss, rate))
        pace = run.samples / max(run.seconds, 1e-6)
        progress(run.done, f"step {run.step} loss {loss:.4f} rate {rate:.1e} {pace:.0f} samples/s")
        due = run.done >= 1 or run.seconds - saved > run.settings.checkpoint_minutes * 60
        if run.rank.leads and due:
            saved = run.seconds
            run.save(state)


def linear_weights(model: LlamaForCausalLM) -> list[torch.nn.Parameter]:
    """The matrices that the served file rounds: all but the embedding."""
    return [m.weight for m in model.model.modules() if isinstance(m, torch.nn.Linear)]  # type: ignore[misc, unused-ignore]


def _teacher(run: Run) -> LlamaForCausalLM | None:
    if run.settings.teacher is None:
        return None
    checkpoint = Checkpoint.open(run.settings.teacher)
    if checkpoint.vocabulary.tokens != run.source.vocabulary.tokens:
        raise SettingsError(
            f"the teacher {run.settings.teacher} has other tokens than the student",
            hint="Fine-tune the teacher with the same data seed and token count, at its full depth.",  # noqa: E501
        )
    model: LlamaForCausalLM = checkpoint.model().to(run.rank.device)  # type: ignore[arg-type, unused-ignore]
    model.eval()  # type: ignore[no-untyped-call, unused-ignore]
    return model


def _backward(run: Run, batch: Batch, teacher: LlamaForCausalLM | None) -> torch.Tensor:
    """Gradients of one batch, in micro-batches; the mean loss of an answer's token."""
    rows, width = batch.ids.shape
    size = max(1, min(rows, run.settings.micro_tokens // width))
    device = run.rank.device
    total = torch.zeros((), device=device)
    starts = range(0, rows, size)
    bounds = [*batch.where.searchsorted([first * width for first in starts]), len(batch.where)]
    for first, low, high in zip(starts, bounds, bounds[1:], strict=False):
        ids = _moved(torch.from_numpy(batch.ids[first : first + size]), device)
        where = _moved(torch.from_numpy(batch.where[low:high] - first * width), device)
        targets = _moved(torch.from_numpy(batch.targets[low:high]), device)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = _logits(run.model, ids, where)
            loss = F.cross_entropy(logits.float(), targets, reduction="sum")
            if teacher is not None:
                loss = _distilled(run, loss, logits, teacher, ids, where)
        loss = loss / len(batch.targets)
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        total += loss.detach()
    return total


def _moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def _logits(model: LlamaForCausalLM, ids: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Logits at the answers' positions only: most of a batch is prompt and padding."""
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    return F.linear(hidden.flatten(0, 1)[where], model.lm_head.weight)


def _distilled(
    run: Run,
    loss: torch.Tensor,
    logits: torch.Tensor,
    teacher: LlamaForCausalLM,
    ids: torch.Tensor,
    where: torch.Tensor,
) -> torch.Tensor:
    with torch.no_grad():
        wanted = _logits(teacher, ids, where)
    apart = F.kl_div(
        F.log_softmax(logits.float(), -1),
        F.log_softmax(wanted.float(), -1),
        reduction="sum",
        log_target=True,
    )
    share = run.settings.teacher_weight
    return (1 - share) * loss + share * apart


def write_losses(losses: Sequence[tuple[int, float, float]], path: Path) -> None:
    """Samples seen, loss and learning rate as CSV, and the loss as a plot beside it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("samples", "loss", "learning_rate"))
        table.writerows(losses)
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    axes.plot([n for n, _, _ in losses], [loss for _, loss, _ in losses])
    axes.set(
        xlabel="samples", ylabel="loss of an answer's token", yscale="log", title="Training loss"
    )
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path.with_suffix(".png"), dpi=120)
    pyplot.close(figure)
