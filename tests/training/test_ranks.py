"""Processes that train together."""

import pytest
import torch

from schemas.errors import SettingsError
from training.ranks import Rank, count, together


def _gradient(rank: Rank) -> tuple[float, float]:
    parameter = torch.nn.Parameter(torch.zeros(3))
    parameter.grad = torch.full((3,), 1.0 + 4 * rank.number)
    rank.average([parameter, torch.nn.Parameter(torch.zeros(2))])
    return float(parameter.grad[1]), rank.agreed(7.5 if rank.leads else 0.0)


def follow(rank: Rank, folder) -> None:
    (folder / f"{rank.number}.txt").write_text(str(_gradient(rank)))


def end_early(rank: Rank) -> None:
    raise SystemExit(3)


def test_gradients_become_their_mean_and_rank_0_decides(tmp_path):
    with together(3, False, follow, tmp_path) as rank:
        assert rank.leads
        assert _gradient(rank) == (5.0, 7.5)
    assert (tmp_path / "1.txt").read_text() == (tmp_path / "2.txt").read_text() == "(5.0, 7.5)"


def test_alone_nothing_is_shared():
    with together(1, False, end_early) as rank:
        assert _gradient(rank) == (1.0, 7.5)


def test_a_process_that_ends_early_is_told():
    with (
        pytest.raises(RuntimeError, match="ended early"),
        together(2, False, end_early) as rank,
    ):
        assert rank.world == 2


def test_devices_that_are_not_there_are_refused():
    with pytest.raises(SettingsError, match="are asked for"):
        count(torch.cuda.device_count() + 1, cuda=True)
