"""Whether a first step can be routed: the module, and the graph of its losses, against the plan."""

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from stq.routing._graph import graph_faults
from stq.routing._groups import OUTSIDE
from stq.routing._plan import Plan


def first_step_faults(plan: Plan, losses: Mapping[str, Tensor], module: nn.Module | None) -> list[str]:
    """What is wrong with the parameters, those of `module` too; where nothing is, what is wrong with the graph."""
    outside = () if module is None else module_faults(plan, module)
    return [*plan.groups.changes(), *outside] or list(graph_faults(plan, losses))


def module_faults(plan: Plan, module: nn.Module) -> Iterator[str]:
    """Trainable parameters of `module` that no group covers: nothing would ever move them."""
    outside = {id(each) for each in plan.groups.uncovered(module.parameters()) if each.requires_grad}
    for name, parameter in module.named_parameters():
        if id(parameter) in outside:
            yield f"{name} can be trained and is in no group: {OUTSIDE}"
