"""What the losses of a step must be to be routed."""

from collections.abc import Mapping

import torch
from torch import Tensor

from stq.routing._plan import Plan
from stq.routing._refusal import refuse


def check_losses(plan: Plan, losses: Mapping[str, Tensor], *, differentiable: bool = True) -> None:
    """Refuse what can't be routed, by name; losses without a gradient only where `differentiable` is asked for."""
    faults = [
        f"loss {name!r} has no value in this step: compute it in every step, or leave it out of the routes"
        for name in plan.routes
        if name not in losses
    ]
    devices: dict[torch.device, str] = {}
    for name, loss in losses.items():
        if name not in plan.routes:
            faults.append(f"loss {name!r} has no route; there are: {', '.join(plan.routes)}")
        elif not isinstance(loss, Tensor):
            faults.append(f"loss {name!r} is a {type(loss).__name__}, not a tensor: it can move nothing")
        elif loss.dim() != 0:
            faults.append(f"loss {name!r} has the shape {tuple(loss.shape)}; a loss is a scalar: reduce it")
        elif differentiable and not loss.requires_grad and any(name in route.factors for route in plan.classes):
            kind = "" if loss.is_floating_point() else f" of {loss.dtype}"
            faults.append(
                f"loss {name!r}{kind} has no gradient: it was detached, or is a constant, or counts (a hard-binned "
                f"histogram); make it differentiable or give it weight 0"
            )
        elif plan.routes[name].weight > 0:
            devices.setdefault(loss.device, name)
    if len(devices) > 1:
        places = ", ".join(f"{name!r} on {device}" for device, name in devices.items())
        faults.append(f"losses lie on several devices: {places}; bring them to one with .to(), which keeps gradients")
    refuse(faults)
