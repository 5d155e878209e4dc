"""Batches small enough to differentiate numerically, the same on every call.

B 2, H 2, Q 3, C 2, fields of 12 x 13: the sides differ, one is odd, and the usual SSIM window just fits.
"""

import torch
from torch import Tensor

from stq.losses import LossContext
from stq.tensors import Forecast, Target

LEVELS = (0.1, 0.5, 0.9)
_B, _H, _C, _Y, _X = 2, 2, 2, 12, 13


def tiny_forecast(dtype: torch.dtype = torch.float64, quantiles: bool = True) -> Forecast:
    """A forecast of leaf tensors that require a gradient, with standard normal values; unordered quantiles if any."""
    central = _normal(1, _B, _H, _C, _Y, _X, dtype=dtype).requires_grad_()
    if not quantiles:
        return Forecast(central)
    return Forecast(central, _normal(2, _B, _H, len(LEVELS), _C, _Y, _X, dtype=dtype).requires_grad_(), LEVELS)


def tiny_target(dtype: torch.dtype = torch.float64, missing: float = 0.0) -> Target:
    """Standard normal values, weights that fall from the first row to the last, and a share `missing` not valid.

    Where any are missing, one field of the batch is missing as a whole. Missing cells hold 0, as in training.
    """
    values = _normal(3, _B, _H, _C, _Y, _X, dtype=dtype)
    valid = torch.rand(values.shape, generator=torch.Generator().manual_seed(4)) >= missing
    if missing > 0:
        valid[0, 1, 0] = False
    rows = torch.linspace(1.5, 0.5, _Y, dtype=dtype)
    return Target(torch.where(valid, values, 0.0), valid, rows[None, :, None].expand(_B, _Y, _X))


def tiny_context(dtype: torch.dtype = torch.float64) -> LossContext:
    """The run that the tiny batches come from; some of their values lie beyond the training range."""
    minimum, maximum = torch.tensor([-2.0, -1.5], dtype=dtype), torch.tensor([2.0, 2.5], dtype=dtype)
    return LossContext(("first", "second"), (1, 2), LEVELS, (_Y, _X), minimum, maximum)


def _normal(seed: int, *shape: int, dtype: torch.dtype) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
