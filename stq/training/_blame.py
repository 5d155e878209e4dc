"""Where a number that is not finite came from: looked for once training is to stop, so that it may take its time."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from stq.routing import Plan
from stq.tensors import Batch, Forecast
from stq.training._nonfinite import Label, broken_groups, issued, too_large

ANOMALY = "find where it arises with trainer.detect_anomaly: true"


def cause_of_loss(batch: Batch, forecast: Forecast, plan: Plan, label: Label) -> str:
    """Why a loss is not finite: the first of weights, batch, forecast and loss itself that isn't."""
    if known := cause_at_hand(batch, plan, label):
        return known
    for what, values in (("central forecast", forecast.central), ("quantiles", forecast.quantiles)):
        if values is not None and (bad := samples(values.isfinite())):
            return f"The {what} of the {issued(batch.time[bad].tolist(), label)} are not finite; {ANOMALY}"
    return f"Weights, batch and forecast are finite: it arises in the loss itself; {ANOMALY}"


def cause_at_hand(batch: Batch, plan: Plan, label: Label) -> str:
    """What is not finite among the weights or in the batch itself; empty where both are."""
    if broken := broken_groups(plan.groups):
        return f"The weights of {', '.join(broken)} are not finite. {too_large()}"
    found = broken_parts(batch, label)
    return f"{found}: look at the data there" if found else ""


def broken_parts(batch: Batch, label: Label) -> str:
    """The parts of a batch that are not finite, and in which windows; empty where all are."""
    parts: dict[str, Tensor] = {
        "inputs": batch.inputs.isfinite(),
        "last frame (base)": batch.base.isfinite(),
        "targets": batch.values.isfinite() | ~batch.valid,
        "offset": batch.offset.isfinite(),
        "location": batch.location.isfinite(),
        "weight": batch.weight.isfinite(),
    }
    found = {name: bad for name, finite in parts.items() if (bad := samples(finite))}
    if not found:
        return ""
    bad = [index for indices in found.values() for index in indices]
    return f"Not finite: {', '.join(found)} of the {issued(batch.time[bad].tolist(), label)}"


def samples(finite: Tensor) -> list[int]:
    """The samples of which something is not finite."""
    return (~finite.flatten(1).all(dim=1)).nonzero().flatten().tolist()


def cause_of_gradient(losses_again: Callable[[], Mapping[str, Tensor]], plan: Plan) -> str:
    """Why a gradient of a finite batch is not finite: the losses that have such a one on a group they may update.

    `losses_again` makes the last batch of the step anew. Among batches that accumulate, an earlier one may be to blame:
    then nobody is.
    """
    try:
        with torch.enable_grad(), torch.autograd.set_detect_anomaly(False):
            guilty = losses_to_blame(losses_again(), plan)
    except RuntimeError:  # such as a device without room for another graph
        guilty = []
    blame = f"It comes from the loss {', '.join(guilty)}. " if guilty else ""
    return f"{blame}{ANOMALY.capitalize()}, or try a lower learning rate (optim.lr)"


def losses_to_blame(losses: Mapping[str, Tensor], plan: Plan) -> list[str]:
    """The losses with a gradient that is not finite on a group that they may update."""
    guilty = []
    for name in plan.moving:
        weights = [w for group in plan.groups if plan.allowed(name, group.name) for w in group.tensors()]
        slopes = torch.autograd.grad(losses[name], weights, retain_graph=True, allow_unused=True)
        if not all(bool(slope.isfinite().all()) for slope in slopes if slope is not None):
            guilty.append(name)
    return guilty
