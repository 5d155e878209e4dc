"""Functions of quantiles, against closed forms and NumPy."""

import math

import numpy as np
import pytest
import torch

from stq.metrics import crossed, crps_from_pinball, interval_pairs

GAUSSIAN_CRPS = 1 / math.sqrt(math.pi)  # of a standard Gaussian forecast of a standard Gaussian truth


def gaussian_losses(levels: list[float]) -> list[float]:
    """The mean pinball loss there is φ(z_τ), the density at the quantile."""
    normal = torch.distributions.Normal(0.0, 1.0)
    return [math.exp(normal.log_prob(normal.icdf(torch.tensor(level))).item()) for level in levels]


def test_crps_of_many_levels_is_that_of_a_gaussian() -> None:
    levels = [(i + 0.5) / 400 for i in range(400)]
    assert crps_from_pinball(gaussian_losses(levels), levels) == pytest.approx(GAUSSIAN_CRPS, rel=1e-3)


def test_crps_of_the_documented_levels_is_short_by_what_is_documented() -> None:
    levels = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]
    assert crps_from_pinball(gaussian_losses(levels), levels) / GAUSSIAN_CRPS == pytest.approx(1 - 0.035, abs=5e-4)


def test_crps_is_numpys_trapezoid_over_the_levels_with_zeros_at_the_ends() -> None:
    losses, levels = [0.3, 0.8, 1.1, 0.7, 0.2], [0.05, 0.2, 0.5, 0.7, 0.9]
    expected = np.trapezoid([0, *(2 * np.array(losses)), 0], [0, *levels, 1])
    assert crps_from_pinball(losses, levels) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("levels", "pairs"),
    [
        ((), ()),
        ((0.5,), ()),
        ((0.1, 0.2), ()),
        ((0.1, 0.9), ((0, 1),)),
        ((0.1, 0.5, 0.9), ((0, 2),)),
        ((0.1, 0.2, 0.9), ((0, 2),)),
        ((0.025, 0.1, 0.5, 0.9, 0.975), ((0, 4), (1, 3))),
    ],
)
def test_intervals_are_paired_from_the_outside_around_the_median(levels: tuple[float, ...], pairs: object) -> None:
    assert interval_pairs(levels) == pairs


def test_equal_quantiles_have_not_crossed() -> None:
    quantiles = torch.tensor([1.0, 1.0, 2.0]).view(1, 1, 3, 1, 1, 1)
    assert not crossed(quantiles).any()
    assert crossed(quantiles.flip(2)).all()
