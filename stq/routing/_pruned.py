"""The default engine: one backward pass for each class, which autograd prunes to the paths that the class needs."""

from collections.abc import Mapping

import torch
from torch import Tensor

from stq.routing._plan import Plan


def pruned(plan: Plan, losses: Mapping[str, Tensor], scale: Tensor, *, retain_graph: bool = False) -> None:
    """Run one pass for each class with `inputs=` its parameters.

    Every parameter is touched by exactly one pass, so that its gradient hooks fire once: that is what keeps gradient
    accumulation, hooks and distributed reduction right.

    The last class comes first. Groups are named from the input to the output by habit, so that the pass which goes
    through the trunk is the last one and frees the graph as it goes; the other way round the peak of memory is a tenth
    to a quarter higher. The gradients are the same.
    """
    passes = [(route, [loss for loss in route.factors if loss in losses]) for route in reversed(plan.classes)]
    passes = [(route, names) for route, names in passes if names]
    for index, (route, names) in enumerate(passes):
        torch.autograd.backward(
            [losses[name] for name in names],
            grad_tensors=[seed(losses[name], scale, route.factors[name]) for name in names],
            inputs=route.tensors(),
            retain_graph=retain_graph or index + 1 < len(passes),
        )


def seed(loss: Tensor, scale: Tensor, factor: float) -> Tensor:
    """What the backward pass of `loss` starts from: `scale * factor` in the loss's own precision and place."""
    return (scale * factor).to(dtype=loss.dtype, device=loss.device)
