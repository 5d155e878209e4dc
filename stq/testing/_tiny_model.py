"""A run and a batch small enough to build models for, the same on every call."""

import torch
from torch import Tensor

from stq.models import ModelContext, Order
from stq.tensors import Batch

LEVELS = (0.1, 0.5, 0.9)
_B, _T, _K, _C, _H = 2, 3, 4, 2, 2


def tiny_model_context(
    levels: tuple[float, ...] = LEVELS, order: Order = "anchored", size: tuple[int, int] = (9, 7)
) -> ModelContext:
    """Two variables of four channels, two horizons, a history of three, residual heads."""
    return ModelContext(
        channels=_K,
        variables=("first", "second"),
        horizons=(1, 2),
        levels=levels,
        order=order,
        size=size,
        history=_T,
        seed=5,
        head_hidden=4,
        share=torch.tensor([[0.9, 0.5], [0.7, 0.2]]),
    )


def tiny_batch(size: tuple[int, int] = (9, 7)) -> Batch:
    """A batch for such a model, of standard normal values, some of the targets missing."""
    inputs, values = _normal(6, _B, _T, _K, *size), _normal(7, _B, _H, _C, *size)
    valid = torch.rand(values.shape, generator=torch.Generator().manual_seed(8)) > 0.2
    degrees = 40 * torch.rand(_B, 2, *size, generator=torch.Generator().manual_seed(9))
    return Batch(
        inputs=inputs,
        base=inputs[:, -1, :_C].clone(),
        values=torch.where(valid, values, 0.0),
        valid=valid,
        offset=torch.zeros_like(values),
        location=degrees,
        weight=torch.ones(_B, *size),
        time=torch.arange(_B),
    )


def _normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
