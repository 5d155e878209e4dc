"""Random batches for losses, and the built-in losses set up for them."""

import torch

from stq.losses import Loss, LossContext, build_loss, stq_losses
from stq.tensors import Forecast, Target

LEVELS = (0.05, 0.5, 0.8)
SMALL = {"ssim": {"window": 5}, "histogram": {"bins": 7}}
"""Options with which the built-in losses suit the fields below."""


def batch(seed: int, size=(9, 11), missing=0.3, weighted=True, dtype=torch.float64) -> tuple[Forecast, Target]:
    """Normal values with a share of cells missing, under random area weights. B 2, H 2, C 2."""
    random = torch.Generator().manual_seed(seed)
    shape = (2, 2, 2, *size)
    central = torch.randn(shape, generator=random, dtype=dtype)
    quantiles = torch.randn((2, 2, len(LEVELS), 2, *size), generator=random, dtype=dtype)
    valid = torch.rand(shape, generator=random) >= missing
    values = torch.where(valid, torch.randn(shape, generator=random, dtype=dtype), 0.0)
    weight = torch.rand((2, *size), generator=random, dtype=dtype) + 0.1 if weighted else None
    return Forecast(central.requires_grad_(), quantiles.requires_grad_(), LEVELS), Target(values, valid, weight)


def context(size=(9, 11), dtype=torch.float64, minimum=(-1.5, -2.0), maximum=(2.5, 2.0)) -> LossContext:
    low, high = torch.tensor(minimum, dtype=dtype), torch.tensor(maximum, dtype=dtype)
    return LossContext(("first", "second"), (1, 2), LEVELS, size, low, high)


def ready(cls: type[Loss], size=(9, 11), dtype=torch.float64, **options) -> Loss:
    """A loss, built and set up."""
    loss = build_loss(cls, options or SMALL.get(cls.name, {})).to(dtype)
    loss.setup(context(size, dtype))
    return loss


BUILTIN = {cls.name: cls for cls in stq_losses()}
