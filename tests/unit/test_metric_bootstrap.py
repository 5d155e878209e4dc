"""Intervals over frames that follow each other: how wide they are, and what they say of a mean."""

import math

import pytest
import torch
from support.scored_fields import scored_fields
from torch import Tensor

from stq.metrics import ForecastScores, ScoreOptions, block_length, effective_frames

ZEROS = torch.zeros(1, 1, 1, 1, 1)


def autoregressive(coefficient: float, length: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(length, dtype=torch.float64, generator=generator)
    series = [noise[0] / math.sqrt(1 - coefficient**2)]
    for each in noise[1:]:
        series.append(coefficient * series[-1] + each)
    return torch.stack(series)


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.9])
def test_effective_frames_are_those_of_an_autoregressive_series(coefficient: float) -> None:
    found = effective_frames(autoregressive(coefficient, 20_000), torch.arange(20_000))
    assert found == pytest.approx(20_000 * (1 - coefficient) / (1 + coefficient), rel=0.1)


def test_effective_frames_lie_between_one_and_all() -> None:
    times = torch.arange(6)
    assert effective_frames(torch.tensor([1.0, -1, 1, -1, 1, -1]).double(), times) == 6
    assert effective_frames(torch.ones(6).double(), times) == 6
    assert effective_frames(torch.tensor([1.0, 2]).double(), times[:2]) == 2
    assert effective_frames(torch.arange(6).double(), times) < 3


def test_only_neighbours_in_time_are_compared() -> None:
    """Two runs of equal values, far apart: the step between them is no neighbourhood."""
    series = torch.tensor([1.0, 1, 1, -1, -1, -1]).double()
    assert effective_frames(series, torch.tensor([0, 1, 2, 50, 51, 52])) == 1


@pytest.mark.parametrize(
    ("frames", "overlap", "wanted", "expected"), [(27, 1, None, 3), (27, 5, None, 5), (6, 9, None, 3), (30, 4, 2, 2)]
)
def test_blocks_hold_what_forecasts_share_and_at_most_half_of_all(
    frames: int, overlap: int, wanted: int | None, expected: int
) -> None:
    assert block_length(frames, overlap, wanted) == expected


def rmse_interval(errors: Tensor, **options: int) -> tuple[float, float] | None:
    scores = ForecastScores(["air"], [1], options=ScoreOptions(**options))
    for time, error in enumerate(errors.tolist()):
        scores.update(
            central=ZEROS + error,
            truth=ZEROS,
            valid=ZEROS == 0,
            persistence=ZEROS + 1,
            climatology=ZEROS + 1,
            time=torch.tensor([time]),
        )
    (score,) = scores.compute()
    return score.interval95["rmse"]


def test_the_interval_of_independent_frames_is_that_of_the_normal_approximation() -> None:
    errors = torch.randn(400, generator=torch.Generator().manual_seed(2)).double()
    low, high = rmse_interval(errors, block=1) or (0, 0)
    squares = errors.square()
    mean, spread = float(squares.mean()), 1.96 * float(squares.std() / math.sqrt(400))
    assert (low**2, high**2) == pytest.approx((mean - spread, mean + spread), rel=0.05)


def test_blocks_widen_the_interval_of_dependent_frames() -> None:
    errors = 5 + autoregressive(0.9, 300)
    alone, together = (rmse_interval(errors, block=block) or (0, 0) for block in (1, 20))
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_intervals_are_the_same_every_time_and_none_where_there_is_too_little() -> None:
    errors = torch.randn(12, generator=torch.Generator().manual_seed(2))
    assert rmse_interval(errors) == rmse_interval(errors)
    assert rmse_interval(errors[:3]) is None
    assert rmse_interval(errors, repetitions=0) is None


def test_skills_are_paired() -> None:
    """A forecast that is always as wrong as half the baseline has a skill of 0.5, however frames are drawn."""
    given = scored_fields(samples=8, gaps=0.0)
    scores = ForecastScores(["ozone", "temperature"], [1, 3])
    names = ("truth", "valid", "persistence", "climatology", "time")
    fields = {name: getattr(given, name) for name in names} | {"central": (given.truth + given.persistence) / 2}
    scores.update(**fields)
    for score in scores.compute():
        low, high = score.interval95["rmse"] or (0, 0)
        assert low < score.rmse < high
        assert score.interval95["skill_persistence"] == pytest.approx((0.5, 0.5), abs=1e-4)
        assert score.interval95["crps"] is score.interval95["coverage"] is None
