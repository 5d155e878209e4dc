"""Mean squared error of the central forecast."""

from typing import ClassVar

import torch
from torch import Tensor

from stq.losses._loss import Loss
from stq.losses._masked_mean import masked_mean
from stq.tensors import Forecast, Target


class MSE(Loss):
    """Mean squared error of the central forecast, in squared normalised units.

        L = sum_i w_i (c_i - y_i)^2 / sum_i w_i

    over the valid elements i of the batch (sample, horizon, variable, cell); c the central forecast, y what came
    true, w the area weight of the cell. Its minimiser is the conditional mean (Gneiting 2011,
    doi:10.1198/jasa.2011.r10138).
    """

    name: ClassVar[str] = "mse"
    updates: ClassVar[tuple[str, ...]] = ("backbone", "central")

    def forward(self, forecast: Forecast, target: Target) -> Tensor:
        error = torch.where(target.valid, forecast.central - target.values, 0.0)
        return masked_mean(error.square(), target.valid, target.weight)
