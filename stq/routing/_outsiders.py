"""What the groups don't cover and training may move all the same."""

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from stq.routing._gradients import Gradients, Named
from stq.routing._plan import Plan
from stq.routing._verdicts import Fault


def outsiders(plan: Plan, losses: Mapping[str, Tensor], model: nn.Module | None) -> Named:
    """Parameters that the graph of the losses leads to and that stand in no group, named as in `model`.

    They were frozen when the groups were made and thawed since, or came later. A tensor that is no `nn.Parameter`,
    such as an input whose gradient a loss takes, is not meant to be trained.
    """
    known = {id(parameter) for _, parameter in plan.groups.named_parameters(frozen=True)}
    names = {} if model is None else {id(p): name for name, p in model.named_parameters(remove_duplicate=False)}
    taken = {name for name, _ in plan.groups.named_parameters(frozen=True)}
    found = [leaf for leaf in leaves(losses) if isinstance(leaf, nn.Parameter) and id(leaf) not in known]
    unnamed = [f"a parameter of shape {tuple(leaf.shape)} (number {n})" for n, leaf in enumerate(found, start=1)]
    titles = [names.get(id(leaf), other) for leaf, other in zip(found, unnamed, strict=True)]
    return [(f"{t} outside the groups" if t in taken else t, leaf) for t, leaf in zip(titles, found, strict=True)]


def leaves(losses: Mapping[str, Tensor]) -> Iterator[Tensor]:
    """Every leaf of the graph of `losses`, once."""
    waiting = [loss.grad_fn for loss in losses.values()]
    seen = set()
    for loss in losses.values():
        if loss.grad_fn is None and loss.requires_grad:
            yield loss
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)  # only the nodes that accumulate into a leaf have one
        if isinstance(leaf, Tensor):
            yield leaf
        waiting += [before for before, _ in node.next_functions]


def outsider_faults(named: Named, runs: Mapping[str, Gradients]) -> list[Fault]:
    """Parameters of no group: a leak where a run of the engine leaves something there, or else starved."""
    faults = []
    for name, _ in named:
        movers = [run for run, gradients in runs.items() if gradients.get(name) is not None]
        if movers:
            text = f"{', '.join(movers)} moves {name}, which is in no group: no loss may move it"
            faults.append(("leak", f"{text} (it was frozen, or not there, when the groups were made)"))
        else:
            text = f"the parameter {name} requires a gradient and is in no group, so that nothing moves it"
            faults.append(("starved", f"{text}: put it into a group, or freeze it"))
    return faults
