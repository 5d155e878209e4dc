"""The metrics that a spec names, beside the scores that are always there."""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from stq.errors import PluginError, StqError
from stq.metrics._metric import Metric, MetricContext
from stq.metrics._scored_batch import ScoredBatch
from stq.tensors import Forecast, Target


class NamedMetrics(nn.Module):
    """Metrics by the names that the spec gives them. What fails in one is a `PluginError` with its name."""

    def __init__(self, metrics: Mapping[str, Metric], context: MetricContext) -> None:
        super().__init__()
        self.names = tuple(metrics)
        self.metrics = nn.ModuleList(metrics.values())
        self.shape = (len(context.horizons), len(context.variables))
        for name, metric in self._each():
            with blamed(name):
                metric.setup(context)

    def update(self, batch: ScoredBatch, samples: slice, levels: Sequence[float]) -> None:
        """Show some samples to every metric."""
        if not self.names:
            return
        quantiles = None if batch.quantiles is None else batch.quantiles[samples].double()
        forecast = Forecast(batch.central[samples].double(), quantiles, tuple(levels) if quantiles is not None else ())
        valid = batch.valid[samples]
        weight = torch.ones_like(valid[:, 0, 0], dtype=torch.float64)
        if batch.weight is not None:
            weight = batch.weight[samples].double()
        target = Target(torch.where(valid, batch.truth[samples].double(), 0.0), valid, weight)
        for name, metric in self._each():
            with blamed(name):
                metric.update(forecast, target)

    def compute(self) -> dict[str, list[list[float | None]]]:
        """The values by name, horizon and variable, over all processes; None where one is not finite."""
        return {name: self._value(name, metric) for name, metric in self._each()}

    def _value(self, name: str, metric: Metric) -> list[list[float | None]]:
        with blamed(name), warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*was called before the ``update``.*")  # a process without a batch
            value = metric.compute()
            if not isinstance(value, Tensor) or value.numel() != self.shape[0] * self.shape[1]:
                found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
                raise PluginError(f"the metric {name} must compute a tensor of shape {self.shape} (H C), found {found}")
        rows = value.reshape(self.shape).tolist()  # torchmetrics squeezes what has one element
        return [[each if math.isfinite(each) else None for each in row] for row in rows]

    def _each(self) -> Iterator[tuple[str, Metric]]:
        for name, metric in zip(self.names, self.metrics, strict=True):
            assert isinstance(metric, Metric)  # for the type checker
            yield name, metric


@contextmanager
def blamed(name: str) -> Iterator[None]:
    """Say whose mistake it is."""
    try:
        yield
    except StqError:
        raise
    except Exception as error:
        raise PluginError(f"the metric {name} failed: {type(error).__name__}: {error}") from error
