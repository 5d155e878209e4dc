"""Quantiles of any number of values in a fixed amount of memory."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from stq.errors import DataError, NonFiniteError

CAPACITY = 2**16
"""Different values that a sketch tells apart: 1 MB."""
_FINEST, _COARSEST = -1000, 1022
_GREATEST = torch.finfo(torch.float64).max


class QuantileSketch:
    """Weighted quantiles of a stream of finite numbers: exact up to `capacity` different values, a histogram beyond.

    The bins are (k - 1, k] times 2^e and count as their upper ends; only those that hold something are kept. e is the
    least whole number for which no more than `capacity` bins are kept. A set of values decides on it, and not the order
    that they come in or the parts that are merged: bins of one e are the union of bins of the e below, and more values
    never need less. So sketches of the same values are equal, but for the rounding of sums of weights.

    A quantile is never below the exact one, and above it by less than `step` = 2^e, which is 0 while the sketch is
    exact. How large can that be? At 2^(e-1) more than `capacity` bins held something. Hence, for any interval of length
    R that all but m of the different values lie in,

        step < 2 R / (capacity - m - 2)

    With the default capacity and m = 2^15: less than R / 16000, where R holds all but the 32768 outermost values.
    Outliers take a bin each and cost no resolution.

    A dyadic cousin of the collapsing histograms of Masson, Rim and Lee (2019), DDSketch, arXiv:1908.10693: their error
    is relative to the value, which for residuals spends most bins near zero, ours is relative to the spread.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        if capacity < 16:
            raise ValueError(f"a sketch has a capacity of at least 16, found {capacity}")
        self.capacity = capacity
        self.n = 0
        """How many values were given."""
        self._exponent: int | None = None
        self._values = torch.empty(0, dtype=torch.float64)
        self._sums = torch.empty(0, dtype=torch.float64)
        self._waiting: list[tuple[Tensor, Tensor]] = []
        self._greatest = -math.inf

    @property
    def step(self) -> float:
        """What a quantile is too large by at most; 0 while the sketch is exact."""
        self._settle()
        return 0.0 if self._exponent is None else math.ldexp(1.0, self._exponent)

    @property
    def weight(self) -> float:
        """The sum of all weights; `n` without any."""
        self._settle()
        return float(self._sums.sum())

    def update(self, values: Float[Tensor, "*n"], weights: Float[Tensor, "*n"] | None = None) -> None:
        """Add values, each with a weight >= 0 (None: 1). Raises NonFiniteError where one is not finite."""
        new = values.detach().flatten().double().cpu()
        if not new.numel():
            return
        if not new.isfinite().all():
            raise NonFiniteError("a value that quantiles are asked of is not finite")
        mass = torch.ones_like(new) if weights is None else weights.detach().flatten().double().cpu()
        if not (mass.isfinite() & (mass >= 0)).all():
            raise DataError("the weights of values that quantiles are asked of must be finite and not below 0")
        self.n += len(new)
        self._greatest = max(self._greatest, float(new.max()))
        for first in range(0, len(new), self.capacity):
            part = slice(first, first + self.capacity)
            self._waiting.append((new[part], mass[part]))
            if sum(len(waiting) for waiting, _ in self._waiting) >= self.capacity:
                self._settle()

    def merge(self, other: "QuantileSketch") -> None:
        """Take in another sketch of the same capacity, which stays as it is: as if its values had come here."""
        if other.capacity != self.capacity:
            raise ValueError(f"a sketch of capacity {other.capacity} can't be merged into one of {self.capacity}")
        self._settle()
        other._settle()
        self.n += other.n
        self._greatest = max(self._greatest, other._greatest)
        finer = [sketch._exponent for sketch in (self, other) if sketch._exponent is not None]
        self._exponent = max(finer, default=None)
        self._waiting.append((other._values, other._sums))
        self._settle()

    def quantile(self, share: float) -> float:
        """The least value v so that the values up to v have at least `share` (0 to 1) of the weight.

        Of unit weights, NumPy's quantile by the method `inverted_cdf`. Raises DataError where there are no values.
        """
        return self._at(share * self.n)

    def conformal(self, coverage: float) -> float:
        """The ⌈(n + 1) coverage⌉-th smallest value, or the largest where n is too small for that.

        With weights: the least value at which the weights up to it reach (n + 1) / n · coverage of their sum.
        """
        return self._at(coverage * (self.n + 1))

    def _at(self, rank: float) -> float:
        self._settle()
        total = float(self._sums.sum())
        if total <= 0:
            raise DataError("a quantile is asked of no values")
        reached = (self._sums * (self.n / total)).cumsum(0)
        place = int(torch.searchsorted(reached, reached.new_tensor(max(rank, 1e-6) - 1e-6)))
        return min(float(self._values[min(place, len(self._values) - 1)]), self._greatest)

    def _settle(self) -> None:
        """Put what waits into bins, coarser ones where there would be too many."""
        if not self._waiting:
            return
        values = torch.cat([self._values, *(part for part, _ in self._waiting)])
        sums = torch.cat([self._sums, *(share for _, share in self._waiting)])
        self._waiting = []
        if self._exponent is not None:
            values = _upper_ends(values, self._exponent)
        values, order = values.sort()
        if _different(values) > self.capacity:
            low, high = _FINEST if self._exponent is None else self._exponent + 1, _COARSEST
            while low < high:
                middle = (low + high) // 2
                if _different(_upper_ends(values, middle)) > self.capacity:
                    low = middle + 1
                else:
                    high = middle
            self._exponent = low
            values = _upper_ends(values, low)
        self._values, places = torch.unique_consecutive(values, return_inverse=True)
        self._sums = torch.zeros_like(self._values).index_add_(0, places, sums[order])


def _upper_ends(values: Tensor, exponent: int) -> Tensor:
    """The least multiple of 2^exponent that is not below each value. Exact: nothing but powers of two is multiplied."""
    multiples = values.mul(math.ldexp(1.0, -exponent)).ceil_().mul_(math.ldexp(1.0, exponent)).clamp_(max=_GREATEST)
    whole = values.abs() * 2.0**-53 >= math.ldexp(1.0, exponent)  # too large to have anything behind the point
    return torch.where(whole, values, multiples) + 0.0


def _different(ascending: Tensor) -> int:
    return 1 + int((ascending[1:] != ascending[:-1]).sum())


def conformal_quantile(scores: Float[Tensor, " n"], weights: Float[Tensor, " n"], coverage: float) -> float:
    """`QuantileSketch.conformal` of scores that are all at hand."""
    sketch = QuantileSketch()
    sketch.update(scores, weights)
    return sketch.conformal(coverage)
