"""The contract for auditing a model of anybody's: its groups, its routes, and how to compute its losses."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn

from stq.errors import RoutingError
from stq.routing._engines import Engine
from stq.routing._groups import Groups
from stq.routing._plan import Route, plan_routes
from stq.routing._router import Router
from stq.routing.audit._probe import Auditor
from stq.routing.audit._result import Audit
from stq.routing.audit._trial import gradients_set_aside

Updates = Route | Collection[str] | Mapping[str, float]
"""A route, the groups that a loss may update (weight 1), or groups with factors (weight 1)."""


@dataclass(frozen=True)
class Audited:
    """A model with named losses, ready to be audited without a spec.

    `groups` maps the name of each group to glob patterns over the names of `model`'s parameters; those in `freeze` are
    frozen. `routes` says for each loss which groups it may update: a `Route`, or `["backbone", "central"]`, or
    `{"quantiles": 1.0, "backbone": 0.05}`. `losses(step)` runs the forward pass on batch number `step`, 0 to begin
    with, and gives the unweighted losses, scalars by name. Put the model into the mode that it trains in.
    """

    model: nn.Module
    groups: Mapping[str, Sequence[str]]
    routes: Mapping[str, Updates]
    losses: Callable[[int], Mapping[str, Tensor]]
    engine: str | Engine = "pruned"
    freeze: Sequence[str] = field(default=())

    def router(self) -> Router:
        """The router of a training loop with this table. Raises RoutingError where it can't be run."""
        groups = Groups.of(self.model, self.groups, self.freeze)
        return Router(
            plan_routes(groups, {name: route_of(name, each) for name, each in self.routes.items()}), self.engine
        )


def route_of(loss: str, updates: Updates) -> Route:
    """The route that was meant."""
    if isinstance(updates, Route):
        return updates
    if isinstance(updates, Mapping):
        return Route(1.0, {group: float(factor) for group, factor in updates.items()})
    if isinstance(updates, Collection) and not isinstance(updates, str):
        return Route(1.0, dict.fromkeys(updates, 1.0))
    raise RoutingError(
        f"loss {loss!r}: {updates!r} is no route; give a Route, the groups in a list, or a mapping of groups to factors"
    )


def audit_model(audited: Audited, router: Router | None = None, *, steps: int = 1, tolerance: float = 1e-5) -> Audit:
    """Audit `steps` training steps of a model, without an update between them.

    Each runs `losses`, then the backward of `router` (made from `audited` where it is not given), with every hook that
    hangs on it. The gradients from before are put back; buffers move as in any forward pass. Raises RoutingError.
    """
    router = audited.router() if router is None else router
    former, router.probe = router.probe, (auditor := Auditor(audited.model, tolerance=tolerance))
    try:
        with gradients_set_aside(list(audited.model.named_parameters())):
            for number in range(steps):
                for parameter in audited.model.parameters():
                    parameter.grad = None
                router.backward(router.total(losses_of(audited, number)))
                auditor.after_backward()
    finally:
        router.probe = former
    return auditor.result()


def losses_of(audited: Audited, step: int) -> Mapping[str, Tensor]:
    """Those of one step, if they are what the contract says."""
    losses = audited.losses(step)
    if not isinstance(losses, Mapping):
        raise RoutingError(
            f"losses({step}) gave a {type(losses).__name__}; expected a mapping of names to scalar tensors"
        )
    return losses
