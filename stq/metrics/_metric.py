"""The contract that a metric of a user's own keeps."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
import torchmetrics
from jaxtyping import Float
from torch import Tensor

from stq.tensors import Forecast, Target

Units = Literal["variable", "none"]


@dataclass(frozen=True)
class MetricContext:
    """What a metric is about to see: the C variables, the H horizons and the Q quantile levels."""

    variables: tuple[str, ...]
    horizons: tuple[int, ...]
    levels: tuple[float, ...]


class Metric(torchmetrics.Metric):
    """A number for each horizon and variable, streamed: `update` with every batch, then `compute`.

    A subclass has a docstring (equation, source), a `name`, the `sums` that it adds up, a constructor whose keyword
    arguments are its options in the spec, an `update` and a `compute`. Each name among `sums` is an attribute of shape
    H C in float64, zero at first, which `update` adds to: processes then add up too. Whatever else must be kept
    between batches is a state of torchmetrics, made in `setup`.
    """

    name: ClassVar[str]
    """How specs call this metric."""
    units: ClassVar[Units] = "none"
    """What its value is in: the units of the variable, or none."""
    sums: ClassVar[tuple[str, ...]] = ()
    needs_quantiles: ClassVar[bool] = False
    """Whether `update` can't do without `forecast.quantiles`; checked before anything is scored."""
    full_state_update = False
    higher_is_better = None
    is_differentiable = False

    def __init__(self) -> None:
        super().__init__()

    def setup(self, context: MetricContext) -> None:
        """Make the states; called once, before the first `update`."""
        shape = len(context.horizons), len(context.variables)
        for name in self.sums:
            self.add_state(name, default=torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    # The annotations are those of the contract; torchmetrics leaves both open.
    def update(self, forecast: Forecast, target: Target) -> None:
        """Add some samples: fields in units and float64, the truth finite, and 0 where it is not `target.valid`.

        The quantiles are the calibrated ones. `target.weight` is the area weight of each cell, B Y X.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update(forecast, target)")

    def compute(self) -> Float[Tensor, "H C"]:
        """The value by horizon and variable; NaN where it is not defined."""
        raise NotImplementedError(f"{type(self).__name__} has no compute()")

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name)
