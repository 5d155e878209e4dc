"""Parameters that receive nothing from any loss of a step."""

from collections.abc import Sequence
from dataclasses import dataclass

from stq.routing._plan import Plan
from stq.routing.audit._gradients import Gradients, norm


@dataclass(frozen=True)
class Starved:
    """Parameters of one group that received nothing: `absent` had no gradient, `zeros` one that is zero everywhere.

    `whole` where these are all parameters of the group.
    """

    group: str
    absent: tuple[str, ...]
    zeros: tuple[str, ...]
    whole: bool


def starved_parameters(plan: Plan, together: Gradients) -> tuple[Starved, ...]:
    """What receives nothing in the whole step, by group."""
    found = []
    for group in plan.groups:
        if group.frozen:
            continue
        empty = [name for name, _ in group.parameters if norm(together, [name]) == 0]
        absent = tuple(name for name in empty if together[name] is None)
        if empty:
            zeros = tuple(name for name in empty if name not in absent)
            found.append(Starved(group.name, absent, zeros, len(empty) == len(group.parameters)))
    return tuple(found)


def starved_texts(starved: Sequence[Starved]) -> list[str]:
    """A sentence for a group of which nothing is moved, or else for each of its parameters."""
    texts = []
    for found in starved:
        if found.whole:
            texts.append(f"the group {found.group} receives no gradient at all")
            continue
        texts += [f"the parameter {name} of {found.group} receives no gradient" for name in found.absent]
        texts += [
            f"the parameter {name} of {found.group} receives a gradient of zeros: what it feeds is switched off, or "
            f"multiplied by zeros"
            for name in found.zeros
        ]
    return texts
