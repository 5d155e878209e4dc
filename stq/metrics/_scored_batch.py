"""What is scored, cut into pieces of one horizon, so that memory doesn't grow with batches, horizons or levels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from stq.metrics._baseline_forecast import BaselineForecast

CELLS = 2**19
"""Most cells (samples, variables, rows, columns) of a piece that holds more than one sample."""


@dataclass(frozen=True)
class Band:
    """Quantiles of one horizon, ascending by level, brought to float64 a level at a time."""

    quantiles: Float[Tensor, "B Q C Y X"]
    valid: Bool[Tensor, "B C Y X"]

    def level(self, q: int) -> Float64[Tensor, "B C Y X"]:
        """The quantile of one level; 0 where the truth is not valid."""
        return known(self.quantiles[:, q], self.valid)


@dataclass(frozen=True)
class ScoredPiece:
    """Some samples at one horizon, in units and float64; every field is 0 where the truth is not valid."""

    horizon: int
    """Index of the horizon."""
    central: Float64[Tensor, "B C Y X"]
    truth: Float64[Tensor, "B C Y X"]
    persistence: Float64[Tensor, "B C Y X"]
    climatology: Float64[Tensor, "B C Y X"]
    valid: Bool[Tensor, "B C Y X"]
    weight: Float64[Tensor, "B C Y X"]
    """Area weight of a valid cell, 0 of any other."""
    area: Float64[Tensor, "B 1 Y X"]
    """Area weight of every cell."""
    band: Band | None
    band_raw: Band | None
    baselines: Mapping[str, tuple[Float64[Tensor, "B C Y X"], Band | None]]
    strata: Mapping[str, Int64[Tensor, "B Y X"]]


@dataclass(frozen=True)
class ScoredBatch:
    """The arguments of `ForecastScores.update`."""

    central: Float[Tensor, "B H C Y X"]
    truth: Float[Tensor, "B H C Y X"]
    valid: Bool[Tensor, "B H C Y X"]
    persistence: Float[Tensor, "B H C Y X"]
    climatology: Float[Tensor, "B H C Y X"]
    time: Int64[Tensor, " B"]
    quantiles: Float[Tensor, "B H Q C Y X"] | None = None
    quantiles_raw: Float[Tensor, "B H Q C Y X"] | None = None
    weight: Float[Tensor, "B Y X"] | None = None
    baselines: Mapping[str, BaselineForecast] = field(default_factory=dict)
    strata: Mapping[str, Int64[Tensor, "B H Y X"]] = field(default_factory=dict)

    def runs_of_samples(self) -> Iterator[slice]:
        """Samples that are taken together: as many as keep within CELLS, at least one."""
        samples, _, variables, rows, columns = self.truth.shape
        step = max(1, CELLS // (variables * rows * columns))
        return (slice(first, first + step) for first in range(0, samples, step))

    def pieces(self, samples: slice) -> Iterator[ScoredPiece]:
        """These samples, one horizon after the other."""
        for h in range(self.truth.shape[1]):
            yield self._piece(samples, h)

    def _piece(self, b: slice, h: int) -> ScoredPiece:
        valid = self.valid[b, h]
        truth = self.truth[b, h]
        area = torch.ones_like(truth[:, 0]) if self.weight is None else self.weight[b]
        area = area.double().unsqueeze(1)

        def band(quantiles: Tensor | None) -> Band | None:
            return None if quantiles is None else Band(quantiles[b, h], valid)

        calibrated = band(self.quantiles)
        return ScoredPiece(
            horizon=h,
            central=known(self.central[b, h], valid),
            truth=known(truth, valid),
            persistence=known(self.persistence[b, h], valid),
            climatology=known(self.climatology[b, h], valid),
            valid=valid,
            weight=torch.where(valid, area, 0.0),
            area=area,
            band=calibrated,
            band_raw=calibrated if self.quantiles_raw is None else band(self.quantiles_raw),
            baselines={
                name: (known(each.central[b, h], valid), band(each.quantiles)) for name, each in self.baselines.items()
            },
            strata={kind: index[b, h] for kind, index in self.strata.items()},
        )


def known(field: Float[Tensor, "B C Y X"], valid: Bool[Tensor, "B C Y X"]) -> Float64[Tensor, "B C Y X"]:
    """The field in float64, 0 where it means nothing: there may be NaN there."""
    return torch.where(valid, field.double(), 0.0)
