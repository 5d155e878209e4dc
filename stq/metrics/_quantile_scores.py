"""How good a set of quantiles is, cell by cell and from its mean pinball losses."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def pinball_loss(
    quantiles: Float[Tensor, "B H Q C Y X"], truth: Float[Tensor, "B H C Y X"], levels: Sequence[float]
) -> Float[Tensor, "B H Q C Y X"]:
    """ρ_τ(y - q) = max(τ (y - q), (τ - 1)(y - q)), in the units of y (Koenker and Bassett 1978)."""
    tau = quantiles.new_tensor(levels)[:, None, None, None]
    error = truth.unsqueeze(2) - quantiles
    return torch.maximum(tau * error, (tau - 1) * error)


def crossed(quantiles: Float[Tensor, "B H Q C Y X"]) -> Bool[Tensor, "B H C Y X"]:
    """Where any quantile is less than that of the next lower level."""
    return (quantiles[:, :, 1:] < quantiles[:, :, :-1]).any(dim=2)


def interval_pairs(levels: Sequence[float]) -> tuple[tuple[int, int], ...]:
    """Indices of the (lower, upper) levels of each interval around the median, the outermost interval first.

    The k-th level from below is paired with the k-th from above, as long as the median lies between them.
    """
    below = sum(level < 0.5 for level in levels)
    above = sum(level > 0.5 for level in levels)
    return tuple((k, len(levels) - 1 - k) for k in range(min(below, above)))


def interval_score(lower_pinball: float, upper_pinball: float, lower: float, upper: float) -> float:
    """The interval score of the levels `lower` and `upper` from the mean pinball losses there: ρ_l / l + ρ_u / (1 - u).

    For a central interval (l = α/2 = 1 - u) that is the mean of

        (q_u - q_l) + 2/α (q_l - y) 1{y < q_l} + 2/α (y - q_u) 1{y > q_u}

    of Gneiting and Raftery (2007), doi:10.1198/016214506000001437, equation 43; for others its proper generalisation.
    """
    return lower_pinball / lower + upper_pinball / (1 - upper)


def crps_from_pinball(pinball: Sequence[float], levels: Sequence[float]) -> float:
    """CRPS = 2 ∫ ρ_τ dτ over 0 < τ < 1, by the trapezoid rule over the levels from their mean pinball losses.

    With τ_0 = 0, τ_{Q+1} = 1 and ρ = 0 at both (the limit for a forecast with bounded support):

        CRPS ≈ Σ_{i=0..Q} (τ_{i+1} - τ_i) (ρ_i + ρ_{i+1})

    The mean ρ is concave in τ for a calibrated forecast, so that this is a little less than the CRPS: 3.5 % for a
    Gaussian at 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975. Compare values of the same levels only.
    """
    taus = [0.0, *levels, 1.0]
    losses = [0.0, *pinball, 0.0]
    return sum((taus[i + 1] - taus[i]) * (losses[i] + losses[i + 1]) for i in range(len(taus) - 1))


def crps_weights(levels: Sequence[float]) -> tuple[float, ...]:
    """What each level's mean pinball loss counts in `crps_from_pinball`: τ_{i+1} - τ_{i-1}."""
    taus = [0.0, *levels, 1.0]
    return tuple(taus[i + 2] - taus[i] for i in range(len(levels)))
