"""Forecasts that anyone could make without a network, with bands of the same making as a network's."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from stq.app._strata import Stratification
from stq.app.baselines._fitted import FittedBaselines
from stq.app.baselines._points import SEASONAL, BaselinePoints
from stq.calibration import ConformalCalibration
from stq.data import ForecastData, YearBefore
from stq.metrics import BaselineForecast
from stq.tensors import Batch


class Baselines:
    """The baselines of a run, fitted on its training part.

    - `persistence`: the last value known in the window at each cell.
    - `climatology`: the training mean of each cell, by calendar month where the training part can tell.
    - `damped_persistence`: the climatology plus ρ times the last known anomaly, ρ by horizon and variable.
    - `seasonal_naive`: the value a year before, where the data has a season (see `stq.data.YearBefore`); where that
      value is missing at a cell, the climatology stands in for it.
    - `linear`: by horizon and variable one least-squares regression for all cells on everything that the network is
      given at the cell itself (see `stq.metrics.PooledRegression`).

    The band of a baseline is as wide around every forecast: the quantiles of its residuals by horizon and variable over
    all cells of the training part. Those of the linear regression are of the sample that it was fitted to, and so a
    little small; the calibration moves every band as it moves the network's.
    """

    def __init__(self, data: ForecastData, fitted: FittedBaselines, groups: Stratification | None = None) -> None:
        """`groups` are those that the calibrations go by beside horizon and variable."""
        self.data = data
        self.fitted = fitted
        self._groups = groups
        self._points = points_of(data, fitted)
        self._bands = {name: torch.tensor(band) for name, band in fitted.bands.items()}
        self._calibrations = {
            name: ConformalCalibration.from_json(document) for name, document in fitted.calibrations.items()
        }

    @property
    def names(self) -> tuple[str, ...]:
        """persistence, climatology, damped_persistence, seasonal_naive where there is a season, linear."""
        return self.fitted.names

    def forecast(self, batch: Batch) -> dict[str, BaselineForecast]:
        """The forecast of each baseline for a batch of whole fields, in units, in the order of `names`."""
        group = self._groups.index(batch) if self._groups is not None and self._calibrations else None
        return {name: self._with_band(name, central, group) for name, central in self._points.issued(batch).items()}

    def _with_band(
        self, name: str, central: Float[Tensor, "B H C Y X"], group: Int64[Tensor, "B H Y X"] | None
    ) -> BaselineForecast:
        if name not in self._bands:
            return BaselineForecast(central)
        raw = around(central, self._bands[name])
        calibration = self._calibrations.get(name)
        moved = raw if calibration is None else calibration.apply(central, raw, self.fitted.levels, group=group)
        return BaselineForecast(central, moved, raw)


def points_of(data: ForecastData, fitted: FittedBaselines) -> BaselinePoints:
    """The central forecasts of what was fitted."""
    return BaselinePoints(
        data=data,
        share=torch.tensor(fitted.share, dtype=torch.float64),
        linear=fitted.linear,
        year_before=YearBefore(data) if SEASONAL in fitted.names else None,
    )


def around(central: Float[Tensor, "B H C Y X"], band: Float[Tensor, "H Q C"]) -> Float[Tensor, "B H Q C Y X"]:
    """The central forecast plus each quantile of its residuals."""
    return central.unsqueeze(2) + band.to(central)[..., None, None]
