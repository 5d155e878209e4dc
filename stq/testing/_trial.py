"""A loss under examination."""

import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from stq.losses import Loss, build_loss, refuse_trainable
from stq.tensors import Forecast, Target
from stq.testing._tiny import tiny_context

LEAVES = ("central", "quantiles")
"""The leaf tensors of a forecast, where gradients are taken."""


@dataclass(frozen=True)
class Trial:
    """A loss that was set up for the tiny batches, in float64 so that gradients can be compared with differences."""

    cls: type[Loss]
    single: Loss
    """The same loss in float32, as in training."""
    double: Loss

    def value(self, forecast: Forecast, target: Target) -> Tensor:
        """The loss in the precision of the forecast."""
        loss = self.double if forecast.central.dtype == torch.float64 else self.single
        value = loss(forecast, target)
        if not isinstance(value, Tensor):
            raise TypeError(f"forward gave {type(value).__name__}, not a tensor")
        return value

    def gradients(self, forecast: Forecast, target: Target) -> dict[str, Tensor]:
        """The loss's gradient on each leaf, zeros where it has none; the forecast is not touched."""
        tensors = {name: getattr(forecast, name) for name in LEAVES}
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in tensors.items() if tensor is not None}
        value = self.value(replace(forecast, **leaves), target)
        if not value.requires_grad:
            return {name: torch.zeros_like(leaf) for name, leaf in leaves.items()}
        found = torch.autograd.grad(value.sum(), list(leaves.values()), allow_unused=True, materialize_grads=True)
        return dict(zip(leaves, found, strict=True))


def begin(loss: type[Loss] | Loss) -> Trial:
    """Copies of the loss (built with its default options if it's a class), set up in both precisions."""
    copies = []
    for dtype in (torch.float32, torch.float64):
        built = copy.deepcopy(loss) if isinstance(loss, Loss) else build_loss(loss, {})
        refuse_trainable(built)
        built.to(dtype)
        built.setup(tiny_context(dtype))
        copies.append(built)
    return Trial(type(copies[0]), *copies)
