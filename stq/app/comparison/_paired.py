"""Paired differences over few seeds: how far they may be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

CONFIDENCE = 0.95
MOST = 20
"""Pairs up to which all sign flips are tried: about a million."""

Verdict = Literal["identical", "lower", "higher", "within noise", "undecided"]


@dataclass(frozen=True)
class Paired:
    """The mean of paired differences and what it is worth.

    `low` and `high` bound Student's 95 % interval of the mean, None where the spread can't be estimated (one pair, or
    differences that are all the same). `p` is the two-sided sign-flip permutation p, exact; None beyond `MOST` pairs.
    `verdict`: `lower` or `higher` where the interval leaves out 0, `within noise` where it does not, `identical` where
    every difference is 0, `undecided` without an interval.
    """

    mean: float
    low: float | None
    high: float | None
    p: float | None
    verdict: Verdict


def paired(differences: Sequence[float]) -> Paired:
    """Student's interval mean +- t * s / sqrt(n), with t of n - 1 degrees of freedom, and the permutation p."""
    values = np.asarray(differences, dtype=np.float64)
    mean, p = float(values.mean()), sign_flip_p(values)
    if not values.any():
        return Paired(0.0, 0.0, 0.0, p, "identical")
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if spread <= 1e-12 * float(np.abs(values).max()):
        return Paired(mean, None, None, p, "undecided")
    from scipy.stats import t  # slow to load

    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * spread / len(values) ** 0.5
    low, high = mean - half, mean + half
    return Paired(mean, low, high, p, "lower" if high < 0 else "higher" if low > 0 else "within noise")


def sign_flip_p(differences: Sequence[float] | np.ndarray) -> float | None:
    """The share of all 2^n choices of signs under which the mean is as far from 0 as it is, or further.

    If neither arm were better, each difference could as well have had the other sign (Fisher 1935, The Design of
    Experiments, section 21).
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) > MOST:
        return None
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    seen = abs(float(values.sum()))
    return float(np.mean(np.abs(sums) >= seen - 1e-12 * float(np.abs(values).sum())))


def smallest_p(pairs: int) -> float:
    """The least that the permutation p can be: all signs as they are, and all of them flipped."""
    return 2.0 / 2**pairs if pairs > 1 else 1.0
