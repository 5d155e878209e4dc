"""Departures of the targets from their training climatology, whatever the network's own values are relative to."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stq.data._forecast_data import ForecastData
from stq.data._scaled import last_known
from stq.data._transform import transform
from stq.tensors import Batch


@dataclass(frozen=True)
class Anomalies:
    """Of one batch, in normalised units of the targets: `ForecastData.to_units(anomaly, normal)` is a value in units.

    Of a transformed variable, departures of its transformed values.
    """

    last: Float[Tensor, "B C Y X"]
    """The youngest one known in the window; 0 where the window holds none."""
    target: Float[Tensor, "B H C Y X"]
    """What came true; anything where not valid."""
    normal: Float[Tensor, "B H C Y X"]
    """The climatology at the time of each target: the offset that belongs to `target`."""


def anomalies_of(data: ForecastData, batch: Batch) -> Anomalies:
    """The anomalies of a batch of whole fields."""
    statistics, count = data.normaliser, len(data.variables)
    scale = statistics.scale[:count, None, None]
    issued, found = batch.time.cpu().numpy(), []
    for step in issued.tolist():
        steps = np.arange(step - data.history + 1, step + 1)
        values = data.fields.read(steps, data.fields.whole, slice(0, count))
        values = transform(values, statistics.transforms[:count], data.variables)
        anomaly = (values - statistics.climatology[data.phases[steps], :count]) / scale
        last = last_known(anomaly, np.isfinite(anomaly))
        found.append(np.where(np.isfinite(last), last, np.float32(0)))
    targets = issued[:, None] + np.array(data.horizons)
    normal = torch.from_numpy(statistics.climatology[data.phases[targets], :count]).to(batch.offset)
    return Anomalies(
        last=torch.from_numpy(np.stack(found)).to(batch.offset),
        target=batch.values + (batch.offset - normal) / torch.from_numpy(scale).to(batch.offset),
        normal=normal,
    )
