"""The central forecasts of the baselines, in units."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from stq.data import ForecastData, YearBefore, anomalies_of
from stq.metrics import LinearMap
from stq.tensors import Batch

SEASONAL = "seasonal_naive"
NAMES = ("persistence", "climatology", "damped_persistence", SEASONAL, "linear")


def predictors_of(batch: Batch) -> Float[Tensor, "B P Y X"]:
    """What the regression sees at each cell: every channel at every input step, as the network is given them, then the
    last known frame."""
    return torch.cat([batch.inputs.flatten(1, 2), batch.base], dim=1)


@dataclass(frozen=True, eq=False)
class BaselinePoints:
    """The central forecasts of the baselines that are there, for batches of whole fields."""

    data: ForecastData
    share: Float64[Tensor, "H C"]
    """What damped persistence keeps of the last anomaly."""
    linear: LinearMap
    year_before: YearBefore | None
    """None where there is no season."""

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of `NAMES`."""
        return tuple(name for name in NAMES if name != SEASONAL or self.year_before is not None)

    def known(self, batch: Batch) -> dict[str, Float[Tensor, "B H C Y X"]]:
        """By name; the seasonal naive forecast is NaN where it is not known."""
        data, anomalies = self.data, anomalies_of(self.data, batch)
        kept = self.share.to(anomalies.last)[:, :, None, None] * anomalies.last.unsqueeze(1)
        found = {
            "persistence": data.persistence(batch),
            "climatology": data.climatology(batch),
            "damped_persistence": data.to_units(kept, anomalies.normal),
            "linear": data.to_units(self.linear(predictors_of(batch)), batch.offset),
        }
        if self.year_before is not None:
            found[SEASONAL] = self.year_before.of(batch)
        return {name: found[name] for name in self.names}

    def issued(self, batch: Batch) -> dict[str, Float[Tensor, "B H C Y X"]]:
        """By name, finite: where the seasonal naive forecast is not known, the climatology stands in for it."""
        found = self.known(batch)
        if SEASONAL in found:
            known = found[SEASONAL]
            found[SEASONAL] = torch.where(known.isfinite(), known, found["climatology"])
        return found
