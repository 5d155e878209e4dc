"""Forecasts of a whole split, batch by batch, in units."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from stq.data import ForecastData
from stq.models import Forecaster
from stq.tensors import Batch
from stq.training import ALONE, TurnsOfBatches, World


@dataclass(frozen=True)
class UnitsBatch:
    """A batch with its forecast and its truth, all B H (Q) C Y X in units."""

    batch: Batch
    central: Tensor
    quantiles: Tensor | None
    truth: Tensor

    def pieces(self, cells: int) -> Iterator["UnitsBatch"]:
        """The same, as many samples at a time as have `cells` cells together, one at least."""
        height, width = self.truth.shape[-2:]
        step = max(1, cells // (height * width))
        for first in range(0, len(self.truth), step):
            part = slice(first, first + step)
            yield UnitsBatch(
                batch=Batch(*(each[part] for each in self.batch)),
                central=self.central[part],
                quantiles=None if self.quantiles is None else self.quantiles[part],
                truth=self.truth[part],
            )


def forecast_split(
    forecaster: Forecaster, data: ForecastData, split: str, *, batch_size: int, world: World = ALONE
) -> Iterator[UnitsBatch]:
    """Run the network, without dropout, over the windows of `split` in the order of time.

    `batch_size` is that of training; where that has patches, fewer whole fields go at a time.

    The processes of `world` take the batches in turn: each window goes to one of them, in the company that it has in a
    single process, so that its forecast has the same bits. A process may get none.
    """
    forecaster.eval()
    windows = data.splits[split]
    turns = TurnsOfBatches(len(windows), data.whole_fields(batch_size), world.rank, world.size, level=False)
    for batch in DataLoader(windows, batch_sampler=turns):
        yield forecast_batch(forecaster, data, batch)


def forecast_batch(forecaster: Forecaster, data: ForecastData, batch: Batch) -> UnitsBatch:
    """The forecast of one batch by a network that is in evaluation mode."""
    with torch.no_grad():  # here and not in the loop: a generator would leave it switched on for whoever consumes it
        forecast = forecaster(batch.inputs, batch.base, batch.location)
    quantiles = forecast.quantiles
    return UnitsBatch(
        batch=batch,
        central=data.to_units(forecast.central, batch.offset),
        quantiles=None if quantiles is None else data.to_units(quantiles, batch.offset),
        truth=data.to_units(batch.values, batch.offset),
    )
