"""What the groups don't cover and training may move all the same."""

from collections.abc import Mapping

from torch import Tensor, nn

from stq.routing._groups import OUTSIDE
from stq.routing._plan import Plan
from stq.routing._walk import leaves_below
from stq.routing.audit._gradients import Gradients, Named
from stq.routing.audit._verdicts import Fault


def outsiders(plan: Plan, losses: Mapping[str, Tensor], model: nn.Module | None) -> Named:
    """Parameters that the graph of the losses leads to and that stand in no group, named as in `model`."""
    named = [] if model is None else list(model.named_parameters())
    taken = {name for name, _ in plan.groups.named_parameters(frozen=True)}
    found = {id(leaf): leaf for leaf in plan.groups.uncovered(leaves_below(losses.values()))}
    titles: dict[int, str] = {}
    for name, parameter in named:
        if id(parameter) in found:
            titles.setdefault(id(parameter), f"{name} outside the groups" if name in taken else name)
    for key, leaf in found.items():
        titles.setdefault(key, f"a parameter of shape {tuple(leaf.shape)} (number {len(titles) + 1})")
    return [(title, found[key]) for key, title in titles.items()]


def outsider_faults(named: Named, alone: Mapping[str, Gradients], runs: Mapping[str, Gradients]) -> list[Fault]:
    """Parameters of no group: a leak where a loss alone, or else one of `runs`, leaves something there; or starved."""
    movers = {name: ", ".join(leaving(name, alone) or leaving(name, runs)[:1]) for name, _ in named}
    faults = []
    for who in dict.fromkeys(movers.values()):
        names = [name for name, found in movers.items() if found == who]
        if who:
            text = f"what no group holds is moved by {who}: {some(names)}"
            faults.append(("leak", f"{text} (frozen, or not there, when the groups were made); {OUTSIDE}"))
        else:
            text = f"what no group holds requires a gradient, and nothing moves it: {some(names)}"
            faults.append(("starved", f"{text}; {OUTSIDE}"))
    return faults


def leaving(name: str, runs: Mapping[str, Gradients]) -> list[str]:
    """The runs that leave something on a parameter."""
    return [run for run, gradients in runs.items() if gradients.get(name) is not None]


def some(names: list[str], most: int = 5) -> str:
    """The names, or the first of many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
