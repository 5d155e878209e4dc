"""The forecast of a baseline, in the form that the network's own has."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class BaselineForecast:
    """What a baseline says of a batch, in units.

    `quantiles` are its band as it is scored, calibrated as the network's is; `quantiles_raw` those before calibration.
    None: a baseline without a band.
    """

    central: Float[Tensor, "B H C Y X"]
    quantiles: Float[Tensor, "B H Q C Y X"] | None = None
    quantiles_raw: Float[Tensor, "B H Q C Y X"] | None = None
