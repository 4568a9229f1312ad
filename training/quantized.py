"""Training with the rounding of the file that will be served.

The forward and backward pass use weights rounded as GGUF's Q4_0 rounds them, the optimizer moves
the exact ones (the straight-through estimator): the served file is the model that was trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

BLOCK = 32


def q4_0(weight: torch.Tensor) -> torch.Tensor:
    """The weight as it reads after Q4_0: blocks of 32 on a 16-step grid of the block's extreme."""
    blocks = weight.reshape(-1, BLOCK)
    extreme = blocks.gather(1, blocks.abs().argmax(1, keepdim=True))
    scale = extreme / -8
    inverse = torch.where(scale == 0, 0.0, 1.0 / scale)
    steps = torch.clamp(torch.floor(blocks * inverse + 8.5), 0, 15)
    return ((steps - 8) * scale.half().float()).reshape(weight.shape)


@contextmanager
def rounded(weights: list[torch.nn.Parameter]) -> Iterator[None]:
    """The weights rounded inside the block, exact again after it.

    All at once: matrix by matrix a GPU spends its time on starting kernels.
    """
    sizes = [w.numel() for w in weights]

    def put(flat: torch.Tensor) -> None:
        parts = zip(torch.split(flat, sizes), weights, strict=True)
        torch._foreach_copy_([*weights], [part.view_as(w) for part, w in parts])

    with torch.no_grad():
        exact = torch.cat([w.detach().flatten() for w in weights])
        put(q4_0(exact))
    try:
        yield
    finally:
        with torch.no_grad():
            put(exact)
