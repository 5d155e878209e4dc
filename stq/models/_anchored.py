"""Quantiles that can't cross: a centre, and widths that add up."""

import math
from collections.abc import Sequence
from statistics import NormalDist

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

FIRST_DEVIATION = 0.5
"""The standard deviation, in normalised units, of the Gaussian band that a new model gives at its first horizon."""
GROWTH = 1 / 8
"""What a new model adds to each width with each further horizon, as a share of its width at the first."""
LEAST_STEP = 0.01
"""The least step between neighbouring quantiles of a new model; below it a softplus hardly learns."""


def cumulative_widths(maps: Float[Tensor, "B H L C Y X"]) -> Float[Tensor, "B H L C Y X"]:
    """Distances from the centre, from what the heads say; levels ordered from the centre outward.

    Softplus makes each map a step >= 0; the steps add up over the levels, outward, and over the horizons. So a width
    is never less than that of a level further in, nor than its own at an earlier horizon: exactly, in floating point
    too, since the sums run one term at a time and rounding is monotone (a parallel `cumsum` promises no order).
    """
    return _running_sum(_running_sum(F.softplus(maps), dim=1), dim=2)


def initial_maps(levels: Sequence[float], horizon: int) -> list[float]:
    """What heads should say at first for `levels` (from the centre outward, on one side) at the horizon of this index.

    The widths then are a Gaussian's of deviation `FIRST_DEVIATION` (outermost at 0.975: 1 normalised deviation),
    growing by `GROWTH` of it with each horizon: a band to begin with that has gradients everywhere.
    """
    deviations = [abs(NormalDist().inv_cdf(level)) for level in levels]
    steps = [b - a for a, b in zip([0.0, *deviations], deviations, strict=False)]
    scale = FIRST_DEVIATION * (1.0 if horizon == 0 else GROWTH)
    return [math.log(math.expm1(max(scale * step, LEAST_STEP))) for step in steps]


def anchored_quantiles(
    centre: Float[Tensor, "B H C Y X"],
    lower: Float[Tensor, "B H L C Y X"],
    upper: Float[Tensor, "B H U C Y X"],
) -> tuple[Float[Tensor, "B H L C Y X"], Float[Tensor, "B H U C Y X"]]:
    """Quantiles below and above `centre`, in ascending order, from the maps of the heads, ordered likewise.

    The centre is detached: no gradient of a quantile loss goes to it. Whatever the maps, quantiles never cross nor
    stand on the wrong side of the centre; the widths that were added never shrink with the horizon (the difference of
    two quantiles does by no more than the rounding of the sum with the centre).
    """
    centre = centre.detach().unsqueeze(2)
    below = centre - cumulative_widths(lower.flip(2)).flip(2)
    above = centre + cumulative_widths(upper)
    return below, above


def _running_sum(steps: Tensor, dim: int) -> Tensor:
    sums: list[Tensor] = []
    for step in steps.unbind(dim):
        sums.append(step if not sums else sums[-1] + step)
    return torch.stack(sums, dim) if sums else steps
