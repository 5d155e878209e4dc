"""The original recipe, kept as the oracle: full backward passes, and whatever they spilled is taken back."""

from collections.abc import Mapping

import torch
from torch import Tensor

from stq.routing._plan import Plan
from stq.routing._pruned import seed


def save_restore(plan: Plan, losses: Mapping[str, Tensor], scale: Tensor, *, retain_graph: bool = False) -> None:
    """For each class: save the gradients of everything outside it, run a full backward, restore what was saved.

    A gradient that was None is None again afterwards. It works for any table and in a single process; a pass reaches
    parameters outside its class, so that distributed reduction would see them twice.
    """
    everything = plan.groups.named_parameters(frozen=True)  # something may have thawed them since
    passes = [(route, [loss for loss in route.factors if loss in losses]) for route in plan.classes]
    passes = [(route, names) for route, names in passes if names]
    for index, (route, names) in enumerate(passes):
        inside = {id(parameter) for _, parameter in route.parameters}
        saved = [(parameter, parameter.grad) for _, parameter in everything if id(parameter) not in inside]
        for parameter, _ in saved:
            parameter.grad = None  # set aside: a pass would add to it in place
        torch.autograd.backward(
            [losses[name] for name in names],
            grad_tensors=[seed(losses[name], scale, route.factors[name]) for name in names],
            retain_graph=retain_graph or index + 1 < len(passes),
        )
        for parameter, gradient in saved:
            parameter.grad = gradient
