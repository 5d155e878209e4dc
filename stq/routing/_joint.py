"""No isolation: the baseline that routing is compared with."""

from collections.abc import Mapping

import torch
from torch import Tensor

from stq.routing._plan import Plan
from stq.routing._pruned import seed


def joint(plan: Plan, losses: Mapping[str, Tensor], scale: Tensor, *, retain_graph: bool = False) -> None:
    """One backward pass of the weighted sum; every loss reaches every parameter that it depends on."""
    names = [name for name in losses if plan.routes[name].weight > 0]
    if names:
        torch.autograd.backward(
            [losses[name] for name in names],
            grad_tensors=[seed(losses[name], scale, plan.routes[name].weight) for name in names],
            retain_graph=retain_graph,
        )
