"""Weighted means and co-moments of many numbers, in one pass and without cancellation."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Float64
from torch import Tensor


class CoMoments:
    """Of D numbers x over weighted samples: Σw, the mean m = Σwx / Σw, and the co-moments Σ w (x - m)(x - m)ᵀ.

    In float64, by the update of Chan, Golub and LeVeque (1983), doi:10.1080/00031305.1983.10483115: nothing large is
    ever subtracted from something large, so that kelvins do no harm.
    """

    def __init__(self, numbers: int) -> None:
        self.weight = 0.0
        self.mean = torch.zeros(numbers, dtype=torch.float64)
        self.products = torch.zeros(numbers, numbers, dtype=torch.float64)

    def add(self, numbers: Float[Tensor, "D n"], weights: Float[Tensor, " n"]) -> None:
        """Add n samples of finite numbers."""
        weights = weights.double()
        total = float(weights.sum())
        if total <= 0:
            return
        mean = numbers.double() @ weights / total
        centred = numbers.double() - mean[:, None]
        self._merge(total, mean, (centred * weights) @ centred.T)

    def merge(self, other: "CoMoments") -> None:
        """Add the samples of another."""
        if other.weight > 0:
            self._merge(other.weight, other.mean, other.products)

    def of(self, chosen: Sequence[int]) -> "CoMoments":
        """Of some of the numbers alone."""
        found = CoMoments(len(chosen))
        found.weight, found.mean = self.weight, self.mean[chosen]
        found.products = self.products[chosen][:, chosen]
        return found

    def _merge(self, weight: float, mean: Float64[Tensor, " D"], products: Float64[Tensor, "D D"]) -> None:
        total = self.weight + weight
        change = mean - self.mean
        self.products = self.products + products + torch.outer(change, change) * (self.weight * weight / total)
        self.mean = self.mean + change * (weight / total)
        self.weight = total
