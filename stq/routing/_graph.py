"""What the graph of a step's losses is made of, read once, before the first backward."""

from collections.abc import Iterator, Mapping

from torch import Tensor
from torch.autograd.graph import Node

from stq.routing._plan import Plan
from stq.routing._unreached import unreached
from stq.routing._walk import leaf_of, leaves_below, nodes_below

Owners = Mapping[int, tuple[str, int]]
"""By the id of a parameter: its name, and the number of its class."""


def graph_faults(plan: Plan, losses: Mapping[str, Tensor]) -> Iterator[str]:
    """What in the graph of `losses` would make a pass for each class wrong, or leave a parameter where it is."""
    everything = list(nodes_below(losses.values()))
    if any(node.name() == "CheckpointFunctionBackward" for node in everything):
        yield (
            "activations are checkpointed with use_reentrant=True, whose inner backward knows nothing of the routing: "
            "call torch.utils.checkpoint.checkpoint(..., use_reentrant=False)"
        )
        return  # the parameters inside can't be seen from here
    yield from plan.groups.frozen_since()
    owners: Owners = {
        id(parameter): (name, number)
        for number, route in enumerate(plan.classes)
        for name, parameter in route.parameters
    }
    for node in everything:
        if node.name() == "CompiledFunctionBackward":
            yield from compiled_fault(plan, node, owners)
    for route in plan.classes:
        reached = {id(leaf) for leaf in leaves_below(losses[name] for name in route.factors if name in losses)}
        for name, parameter in route.parameters:
            if parameter.requires_grad and id(parameter) not in reached:
                yield unreached(name, route.factors)


def compiled_fault(plan: Plan, node: Node, owners: Owners) -> Iterator[str]:
    """A compiled region is one node: any pass runs all of its backward and hands zeros to whatever it didn't want."""
    first: dict[int, str] = {}
    for before, _ in node.next_functions:
        leaf = leaf_of(before)
        if leaf is not None and id(leaf) in owners:
            name, number = owners[id(leaf)]
            first.setdefault(number, name)
    if len(first) > 1:
        held = " and ".join(f"{name} (of {', '.join(plan.classes[number].groups)})" for number, name in first.items())
        yield (
            f"one compiled region holds parameters of several classes, {held}: no pass can leave out a part of it. "
            f"Compile the parts instead, with module.compile() on each one whose parameters share a class"
        )
