"""Several devices on one model: each computes a share of a batch, gradients are averaged."""

from __future__ import annotations

import multiprocessing
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed

from schemas.errors import SettingsError

_PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Rank:
    """One of ``world`` processes that train together; rank 0 writes and tells."""

    number: int
    world: int
    cuda: bool

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        return torch.device("cuda", self.number) if self.cuda else torch.device("cpu")

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return self.number == 0

    def average(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Make every process's gradients their mean."""
        if self.world == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        waiting = [distributed.all_reduce(g, async_op=True) for g in gradients]
        for work in waiting:
            work.wait()
        torch._foreach_div_(gradients, self.world)

    def agreed(self, value: float) -> float:
        """Rank 0's value."""
        if self.world == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.broadcast(told, 0)
        return float(told)


def count(devices: int, cuda: bool) -> int:
    """Processes to train with.

    Raises:
        SettingsError: so many devices are not there.
    """
    if not cuda:
        return max(devices, 1)
    there = torch.cuda.device_count()
    if devices > there:
        raise SettingsError(f"{devices} CUDA devices are asked for, {there} are there")
    return devices or there


@contextmanager
def together(world: int, cuda: bool, follow: Callable[..., None], *args: Any) -> Iterator[Rank]:
    """This process as rank 0, and ``follow(rank, *args)`` in a process of its own for each other.

    Raises:
        RuntimeError: another process ended early.
    """
    if world == 1:
        yield Rank(0, 1, cuda)
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    others = [
        context.Process(target=_join, args=(Rank(n, world, cuda), port, follow, *args))
        for n in range(1, world)
    ]
    for process in others:
        process.start()
    try:
        _meet(Rank(0, world, cuda), port)
        yield Rank(0, world, cuda)
        distributed.destroy_process_group()  # NCCL lets nobody go before all have left
        for process in others:
            process.join()
    finally:
        for process in others:
            process.terminate()
        if distributed.is_initialized():
            distributed.destroy_process_group()
    if any(process.exitcode for process in others):
        raise RuntimeError("a training process ended early; its message is above")


def _join(rank: Rank, port: int, follow: Callable[..., None], *args: Any) -> None:
    _meet(rank, port)
    follow(rank, *args)
    distributed.destroy_process_group()


def _meet(rank: Rank, port: int) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    if rank.cuda:
        torch.cuda.set_device(rank.device)
    distributed.init_process_group(
        "nccl" if rank.cuda else "gloo",
        init_method=f"tcp://127.0.0.1:{port}",
        rank=rank.number,
        world_size=rank.world,
        timeout=_PATIENCE,
    )
