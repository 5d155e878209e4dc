"""Losses, gradients and weights that are NaN or infinite: found, and said in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from stq.routing import Groups, Plan

Label = Callable[[int], str]
"""The date of a step of the series, from its index."""

LISTED = 8
STOPPED = "training stopped before the update"


def nonfinite(losses: Mapping[str, Tensor]) -> list[str]:
    """The names of the losses that are NaN or infinite."""
    finite = torch.stack([torch.isfinite(loss.detach()) for loss in losses.values()])
    if bool(finite.all()):  # one wait for the device, where nothing is wrong
        return []
    return [name for name, good in zip(losses, finite.tolist(), strict=True) if not good]


def broken_groups(groups: Groups, optimiser: Optimizer | None = None) -> list[str]:
    """The groups of which a weight, or what the optimiser keeps for one, is NaN or infinite."""
    state = {} if optimiser is None else optimiser.state
    broken = []
    for group in groups:
        kept = [value for weight in group.tensors() for value in state.get(weight, {}).values()]
        numbers = [value for value in (*group.tensors(), *kept) if isinstance(value, Tensor)]
        if numbers and not all(torch.stack([value.isfinite().all().cpu() for value in numbers]).tolist()):
            broken.append(group.name)
    return broken


def issued(times: Iterable[int], label: Label) -> str:
    """`windows issued at 1999-06-01, 1999-07-01`: the earliest few, and how many more there are; empty for none."""
    known = sorted(set(times))
    if not known:
        return ""
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return f"windows issued at {', '.join(map(label, known[:LISTED]))}{more}"


def loss_refusal(step: int, names: Sequence[str], plan: Plan, windows: str, cause: str) -> str:
    """What is said of losses that are not finite; `windows` are those of the batch (see `issued`)."""
    moved = [group.name for group in plan.groups if any(plan.allowed(name, group.name) for name in names)]
    return (
        f"step {step}: the loss {', '.join(names)} is not finite (it updates {', '.join(moved)}; {windows}); "
        f"{STOPPED}. {cause}"
    )


def gradient_refusal(step: int, groups: Sequence[str], windows: str, cause: str) -> str:
    """What is said of groups whose gradient is NaN or infinite although every loss is finite."""
    text = f"step {step}: the gradient of {', '.join(groups)} is not finite ({windows}); {STOPPED}."
    return f"{text} {cause}" if cause else text


def weights_refusal(step: int, groups: Sequence[str]) -> str:
    """What is said where a checkpoint would hold weights, or a state of the optimiser, that are not finite."""
    return (
        f"step {step}: the weights of {', '.join(groups)}, or what the optimiser keeps for them, are not finite; "
        f"training stopped, and no checkpoint was written over an earlier one. {too_large()}"
    )


def validation_refusal(step: int, what: str, windows: str, broken: Sequence[str]) -> str:
    """What is said of a validation; `broken` are the groups whose weights are not finite."""
    cause = f" The weights of {', '.join(broken)} are not finite. {too_large()}" if broken else ""
    return (
        f"step {step}: {what} of the validation part is not finite ({windows}); training stopped, and no checkpoint "
        f"was written over an earlier one.{cause}"
    )


def too_large() -> str:
    """What to try after an update that overflowed."""
    return "An update was too large: try a lower learning rate (optim.lr), or optim.clip"
