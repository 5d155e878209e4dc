"""What a baseline says: the same things as a network, so that all scores compare."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class BaselineForecast:
    """The forecast of one baseline for one batch, in units. Without levels there are no quantiles."""

    central: Float[Tensor, "B H C Y X"]
    quantiles: Float[Tensor, "B H Q C Y X"] | None = None
    """Calibrated as those of the network are; equal to the raw ones where the run is not calibrated."""
    quantiles_raw: Float[Tensor, "B H Q C Y X"] | None = None
    """The central forecast plus quantiles of its residuals in the training part."""
