"""Weighted means of named scalars over an epoch, without a wait for the device at every step."""

from collections.abc import Mapping

import torch
from torch import Tensor


class Means:
    """Adds up scalars in float64 and divides once."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._weight = 0.0

    def add(self, values: Mapping[str, Tensor], weight: float) -> None:
        """Count each of `values` (scalars) `weight` times. A weight of zero counts nothing, whatever the value."""
        if weight == 0:
            return
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, torch.zeros((), dtype=torch.float64)) + value.double() * weight
        self._weight += weight

    def compute(self) -> dict[str, float]:
        """The means so far; NaN for none."""
        return {name: float(total) / self._weight for name, total in self._sums.items()}
