"""The Huber loss as a plugin of stq."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import huber_loss

from stq import hookimpl
from stq.losses import Loss, masked_mean
from stq.tensors import Forecast, Target

__all__ = ["Huber", "stq_losses"]

stq_api = 1
"""The version of stq's plugin API that this was written for."""


class Huber(Loss):
    """Huber loss of the central forecast, in squared normalised units: a mean that outliers can't pull far.

        L = sum_i w_i h(c_i - y_i) / sum_i w_i,      h(u) = u^2 / 2  where |u| <= delta,  else delta (|u| - delta / 2)

    over the valid elements i of the batch; c the central forecast, y what came true, w the area weight of the cell.
    Source: Huber 1964, doi:10.1214/aoms/1177703732.
    """

    name: ClassVar[str] = "huber"
    updates: ClassVar[tuple[str, ...]] = ("backbone", "central")

    def __init__(
        self, delta: Annotated[float, Field(gt=0, description="error from which on the loss grows linearly")] = 1.0
    ) -> None:
        super().__init__()
        self.delta = delta

    def forward(self, forecast: Forecast, target: Target) -> Tensor:
        """Mask first: the mean then never meets what stands in cells that are not valid."""
        central = torch.where(target.valid, forecast.central, target.values)
        loss = huber_loss(central, target.values, reduction="none", delta=self.delta)
        return masked_mean(loss, target.valid, target.weight)


@hookimpl
def stq_losses() -> list[type[Loss]]:
    """The hook by which stq finds the loss."""
    return [Huber]
