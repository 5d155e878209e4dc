"""What others did to the total between the training step and the backward: read from the graph, never assumed."""

import torch
from torch import Tensor

from stq.errors import RoutingError
from stq.routing._plan import Plan
from stq.routing._walk import leaves_below


def recover_scale(loss: Tensor, total: Tensor, plan: Plan) -> Tensor:
    """d `loss` / d `total`: what the total was divided by (accumulation) and multiplied by (mixed precision).

    Raises RoutingError where `loss` does not depend on `total`, or depends on a parameter past it: such a term has no
    route, so that no engine would run it. `plan` gives that parameter its name.
    """
    if loss is total:
        return torch.ones_like(loss)
    found = torch.autograd.grad(loss, [total], retain_graph=True, allow_unused=True)[0] if loss.requires_grad else None
    if found is None:
        raise RoutingError(
            "the loss that backward got does not depend on the total of the routed losses: return "
            "router.total(losses), scaled at most"
        )
    stranger = next(leaves_below([loss], but=[total]), None)
    if stranger is not None:
        names = [name for name, parameter in plan.groups.named_parameters() if parameter is stranger]
        raise RoutingError(
            f"a term was added to the total of the routed losses, and it depends on {''.join(names) or 'a tensor'}; "
            f"no route says how far it may reach: make it a loss with a route"
        )
    return found
