"""How far coverage may stray: the Beta law and its edges."""

import numpy as np
import pytest
import torch
from scipy.stats import beta

from stq.calibration import conformal_quantile, expected_coverage_range


def test_the_range_is_that_of_the_beta_law() -> None:
    low, high = expected_coverage_range(0.9, 99)
    assert (low, high) == pytest.approx((beta.ppf(0.025, 90, 10), beta.ppf(0.975, 90, 10)))


def test_more_frames_narrow_the_range_around_the_level() -> None:
    ranges = [expected_coverage_range(0.95, frames) for frames in (2, 5, 20, 100, 1000)]
    widths = [high - low for low, high in ranges]
    assert widths == sorted(widths, reverse=True)
    assert all(0 <= low < 0.95 < high <= 1 for low, high in ranges)


def test_few_scored_frames_widen_it_and_a_greater_probability_too() -> None:
    low, high = expected_coverage_range(0.9, 20)
    assert expected_coverage_range(0.9, 20, scored_frames=5)[0] < low
    assert expected_coverage_range(0.9, 20, probability=0.5)[0] > low
    assert expected_coverage_range(0.9, 20, scored_frames=10**6) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("level", "frames", "scored"), [(0.9, 40, None), (0.9, 40, 30), (0.9, 12, None), (0.95, 3, None), (0.95, 3, 9)]
)
def test_frames_that_stand_or_fall_as_one_stray_as_far_as_the_range_says(
    level: float, frames: int, scored: int | None
) -> None:
    generator = torch.Generator().manual_seed(0)
    low, high = expected_coverage_range(level, frames, scored_frames=scored)
    inside = []
    for _ in range(2000):
        cells = torch.rand(frames, generator=generator).repeat_interleave(50)
        correction = conformal_quantile(cells, torch.ones_like(cells), level)
        covered = (
            correction if scored is None else (torch.rand(scored, generator=generator) <= correction).float().mean()
        )
        inside.append(low - 1e-6 <= float(covered) <= high + 1e-6)
    assert 0.93 < np.mean(inside) < (0.97 if scored is None else 0.99)  # whole frames can't split the tails exactly
