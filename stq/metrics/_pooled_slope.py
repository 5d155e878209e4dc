"""One slope through the origin for all cells: how much of an anomaly is left."""

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor


class PooledSlope:
    """ρ of y ≈ ρ x by least squares, by horizon and variable: Σ w x y / Σ w x² over valid targets, in float64.

    For anomalies x now and y later it is what damped persistence keeps: of a first-order autoregressive process with
    the coefficient φ, φ^h at h steps ahead. It is not held within [0, 1].
    """

    def __init__(self, horizons: int, variables: int) -> None:
        self._product = torch.zeros(horizons, variables, dtype=torch.float64)
        self._square = torch.zeros_like(self._product)

    def update(
        self,
        last: Float[Tensor, "B C Y X"],
        values: Float[Tensor, "B H C Y X"],
        valid: Bool[Tensor, "B H C Y X"],
        weight: Float[Tensor, "B Y X"],
    ) -> None:
        """Add one batch. The values at cells that aren't valid may be anything, NaN too."""
        x = last.double().unsqueeze(1)
        weighted = torch.where(valid, x * weight.double()[:, None, None], 0.0)
        self._product += (weighted * torch.where(valid, values, 0.0).double()).sum(dim=(0, -2, -1))
        self._square += (weighted * x).sum(dim=(0, -2, -1))

    def fit(self) -> Float64[Tensor, "H C"]:
        """The slopes; 0 where x is 0 throughout."""
        return torch.where(self._square > 0, self._product / self._square.clamp(min=1e-300), 0.0)
