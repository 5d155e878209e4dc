"""Pinball loss of the quantile forecasts."""

from typing import ClassVar

import torch
from torch import Tensor

from stq.errors import Problem, SpecError
from stq.losses._loss import Loss
from stq.losses._masked_mean import masked_mean
from stq.tensors import Forecast, Target


class Pinball(Loss):
    """Pinball (quantile, check) loss, the mean over all levels, in normalised units.

        L = 1/Q sum_q sum_i w_i rho_q(y_i - f_qi) / sum_i w_i,      rho_q(u) = max(q u, (q - 1) u)

    over the valid elements i of the batch (sample, horizon, variable, cell) and the Q levels q; f_q the forecast of
    the q-quantile, y what came true, w the area weight of the cell. Its minimiser is the conditional q-quantile
    (Koenker and Bassett 1978, doi:10.2307/1913643; they write theta for q). We divide by Q, so that a further level
    does not strengthen the loss against the others. The sum over a pair of levels a/2 and 1 - a/2, times 2/a, is the
    interval score.
    """

    name: ClassVar[str] = "pinball"
    updates: ClassVar[tuple[str, ...]] = ("quantiles",)
    needs_quantiles: ClassVar[bool] = True

    def forward(self, forecast: Forecast, target: Target) -> Tensor:
        quantiles = forecast.quantiles
        if quantiles is None:
            message = "the loss pinball scores quantiles, and the model forecasts none"
            raise SpecError([Problem((), message, hint="quantiles: {levels: [0.025, 0.975]}, or leave the loss out")])
        valid = target.valid[:, :, None].expand_as(quantiles)
        error = torch.where(valid, target.values[:, :, None] - quantiles, 0.0)
        level = torch.tensor(forecast.levels, dtype=error.dtype, device=error.device)
        level = level[:, None, None, None]  # Q 1 1 1, against B H Q C Y X
        # A maximum of both lines gives the same in twice the time, but at 0, where any slope between the two is right.
        slope = torch.where(error > 0, level, level - 1)
        return masked_mean(slope * error, valid, target.weight)
