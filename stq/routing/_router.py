"""A plan and an engine, attached to a training step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from stq.errors import RoutingError
from stq.routing._engines import ENGINES, Engine
from stq.routing._plan import Plan
from stq.routing._scale import recover_scale


@dataclass(frozen=True)
class Step:
    """One training step between its forward and its backward: the unweighted losses and their weighted total.

    A probe finds in `scale` what others multiplied the total by; None where it has no graph.
    """

    losses: Mapping[str, Tensor]
    total: Tensor
    scale: Tensor | None = None


Probe = Callable[[Plan, Step, Engine], bool]
"""Looks at a step on its retained graph; False says that the step ends there, without a backward."""


class Router:
    """Routes the losses of a training step. In a loop of your own:

        router = Router(plan_routes(Groups.of(model, patterns), routes))
        router.backward(router.total({"mse": mse, "pinball": pinball}))

    Between the two calls the total may be scaled (divided by the accumulation steps, multiplied by a gradient
    scaler): the factor is recovered from the graph.

    `probe`, where set, sees each step before its backward, on the retained graph.
    """

    def __init__(self, plan: Plan, engine: str | Engine = "pruned") -> None:
        if isinstance(engine, str) and engine not in ENGINES:
            raise RoutingError(f"there is no routing engine {engine!r}; there are: {', '.join(ENGINES)}")
        self.plan = plan
        self.engine: Engine = ENGINES[engine] if isinstance(engine, str) else engine
        self.probe: Probe | None = None
        self._step: Step | None = None

    def total(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of `losses`, remembered with its parts for the coming `backward`.

        Raises RoutingError where a loss is missing or unknown, not a scalar tensor, or has no gradient.
        """
        check_losses(self.plan, losses, differentiable=self.probe is None)
        weighted = [w * loss for name, loss in losses.items() if (w := self.plan.routes[name].weight) > 0]
        total = torch.stack(weighted).sum()
        self._step = Step(dict(losses), total)
        return total

    def backward(self, loss: Tensor, *, retain_graph: bool = False) -> None:
        """Give every parameter its permitted share of the remembered losses, times d `loss` / d total.

        Raises RoutingError where no step is remembered, `loss` does not depend on its total or has a term beside it
        (which no engine would run), or a routed parameter received nothing.
        """
        step, self._step = self._step, None
        if step is None:
            raise RoutingError("backward was called without the losses of a step: return router.total(losses) first")
        probe = self.probe
        scale = None if probe and not step.total.requires_grad else recover_scale(loss, step.total, self.plan)
        if probe is not None and not probe(self.plan, replace(step, scale=scale), self.engine):
            return
        check_losses(self.plan, step.losses)
        if scale is None:
            scale = recover_scale(loss, step.total, self.plan)
        self.engine(self.plan, step.losses, scale, retain_graph=retain_graph)
        refuse_starved(self.plan)


def check_losses(plan: Plan, losses: Mapping[str, Tensor], *, differentiable: bool = True) -> None:
    """Refuse what can't be routed, by name; losses without a gradient only where `differentiable` is asked for."""
    faults = [f"loss {name!r} has no value in this step" for name in plan.routes if name not in losses]
    for name, loss in losses.items():
        if name not in plan.routes:
            faults.append(f"loss {name!r} has no route; there are: {', '.join(plan.routes)}")
        elif not isinstance(loss, Tensor):
            faults.append(f"loss {name!r} is a {type(loss).__name__}, not a tensor")
        elif loss.dim() != 0:
            faults.append(f"loss {name!r} has the shape {tuple(loss.shape)}; a loss is a scalar: reduce it")
        elif differentiable and not loss.requires_grad and any(name in route.factors for route in plan.classes):
            faults.append(
                f"loss {name!r} has no gradient: it was detached, or is a constant, or counts (a hard-binned "
                f"histogram); make it differentiable or give it weight 0"
            )
    if faults:
        raise RoutingError("\n".join(faults))


def refuse_starved(plan: Plan) -> None:
    """Refuse a step in which a routed parameter received no gradient: it would silently stay where it is."""
    starved = [
        (name, route) for route in plan.classes for name, parameter in route.parameters if parameter.grad is None
    ]
    if starved:
        lines = [f"  {name}: none of {', '.join(route.factors)} depends on it" for name, route in starved]
        raise RoutingError(
            "parameters that receive no gradient from any loss that may update them; "
            "tag a loss that reaches them, or put them into a group under freeze:\n" + "\n".join(lines)
        )
