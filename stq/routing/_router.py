"""A plan and an engine, attached to a training step."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from stq.errors import RoutingError
from stq.routing._engines import ENGINES, Engine
from stq.routing._first_step import first_step_faults
from stq.routing._losses import check_losses
from stq.routing._plan import Plan
from stq.routing._refusal import refuse
from stq.routing._scale import recover_scale
from stq.routing._step import Probe, Step
from stq.routing._unreached import refuse_unreached


class Router:
    """Routes the losses of a training step. In a loop of your own:

        router = Router(plan_routes(Groups.of(model, patterns), routes))
        router.backward(router.total({"mse": mse, "pinball": pinball}))

    Between the two calls the total may be scaled (divided by the accumulation steps, multiplied by a gradient
    scaler): the factor is recovered from the graph.

    `probe`, where set, sees each step before its backward, on the retained graph.

    The first step is examined before its backward: whether the module still has the parameters of the plan, whether a
    permitted loss reaches each of them, and whether anything in the graph would defeat a pass for each class.
    A copy, by `copy.deepcopy` of a module that holds it or by pickle, routes the copy's parameters.
    """

    def __init__(self, plan: Plan, engine: str | Engine = "pruned") -> None:
        if isinstance(engine, str) and engine not in ENGINES:
            raise RoutingError(f"there is no routing engine {engine!r}; there are: {', '.join(ENGINES)}")
        self.plan = plan
        self.engine: Engine = ENGINES[engine] if isinstance(engine, str) else engine
        self.probe: Probe | None = None
        self._step: Step | None = None
        self._examined = False

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_step": None}  # a graph can't be copied, and belongs to this one's parameters

    def total(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of `losses`, remembered with its parts for the coming `backward`.

        Where gradients are off, as in a validation that shares the training step, nothing is remembered. Raises
        RoutingError where a loss is missing or unknown, not a scalar tensor, on another device, or has no gradient.
        """
        self.forget()
        differentiable = torch.is_grad_enabled()
        check_losses(self.plan, losses, differentiable=differentiable and self.probe is None)
        weighted = [w * loss for name, loss in losses.items() if (w := self.plan.routes[name].weight) > 0]
        total = torch.stack(weighted).sum()
        if differentiable:
            self._step = Step(dict(losses), total)
        return total

    def forget(self) -> None:
        """Let go of a step whose backward never came, and of its graph. The next `total` does so too."""
        self._step = None

    def backward(
        self,
        loss: Tensor,
        *,
        retain_graph: bool = False,
        module: nn.Module | None = None,
        agree: Callable[[bool], bool] | None = None,
    ) -> None:
        """Give every parameter its permitted share of the remembered losses, times d `loss` / d total.

        `module` is what the optimiser trains, where that is more than the groups were made over: at the first step
        each of its trainable parameters must be in a group. `agree` tells whether something holds in all processes;
        all of them call it once, at their first step, so that none waits for one that has refused it.

        Raises RoutingError where no step is remembered, `loss` does not depend on its total or has a term beside it
        (which no engine would run), the first step is not fit to be routed, or a routed parameter received nothing.
        """
        step, self._step = self._step, None
        if step is None:
            raise RoutingError("backward was called without the losses of a step: return router.total(losses) first")
        probe = self.probe
        scale = None if probe and not step.total.requires_grad else recover_scale(loss, step.total, self.plan)
        if probe is not None:
            if not probe(self.plan, replace(step, scale=scale), self.engine):
                return
            check_losses(self.plan, step.losses)
        if scale is None:
            scale = recover_scale(loss, step.total, self.plan)
        self._examine(step, module, agree)
        self.engine(self.plan, step.losses, scale, retain_graph=retain_graph)
        refuse_unreached(self.plan)

    def look_again(self) -> None:
        """Examine the next step as the first one was: something may have thawed, tied or replaced parameters since."""
        self._examined = False

    def _examine(self, step: Step, module: nn.Module | None, agree: Callable[[bool], bool] | None) -> None:
        """Refuse a first step that can't be routed, before any gradient is on its way."""
        if self._examined:
            return
        faults = first_step_faults(self.plan, step.losses, module)
        if agree is not None and not agree(not faults) and not faults:
            raise RoutingError("another process refused its first step; its own error says why")
        refuse(faults, "the first step can't be routed:")
        self._examined = True
