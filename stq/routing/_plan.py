"""From groups and routes to the fewest backward passes that honour them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from torch import nn

from stq.routing._groups import Groups, instead
from stq.routing._refusal import refuse


@dataclass(frozen=True)
class Route:
    """How far one loss may reach: its `weight` w and, for each group it may update, the factor a (1 is all of it).

    A group that `updates` does not name, or names with 0, is blocked.
    """

    weight: float = 1.0
    updates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RouteClass:
    """Groups with equal columns of the table share one backward pass.

    `factors` holds a * w for the losses that reach the class, and no zeros: a blocked loss is absent.
    """

    groups: tuple[str, ...]
    parameters: tuple[tuple[str, nn.Parameter], ...]
    factors: Mapping[str, float]

    def tensors(self) -> list[nn.Parameter]:
        """The parameters without their names."""
        return [parameter for _, parameter in self.parameters]


@dataclass(frozen=True)
class Plan:
    """A table that was checked, ready to run: parameter p of group g receives sum over l of a[l, g] w[l] dl/dp."""

    groups: Groups
    routes: Mapping[str, Route]
    classes: tuple[RouteClass, ...]

    @property
    def passes(self) -> int:
        """Backward passes of the pruned engine in one step."""
        return len(self.classes)

    @property
    def idle(self) -> tuple[str, ...]:
        """Losses with a weight that move nothing, since every group that they may update is frozen."""
        return tuple(loss for loss, route in self.routes.items() if route.weight > 0 and loss not in self.moving)

    @property
    def moving(self) -> tuple[str, ...]:
        """Losses that move something, in the order of the table."""
        names = {loss for route in self.classes for loss in route.factors}
        return tuple(loss for loss in self.routes if loss in names)

    def allowed(self, loss: str, group: str) -> float:
        """The factor a of `loss` on `group`: 0 where it is blocked, frozen, or the loss has no weight."""
        frozen = {g.name for g in self.groups if g.frozen}
        route = self.routes[loss]
        return 0.0 if group in frozen or route.weight == 0 else float(route.updates.get(group, 0.0))


def plan_routes(groups: Groups, routes: Mapping[str, Route]) -> Plan:
    """Check `routes` against `groups` and gather equal columns into classes.

    Raises RoutingError, all faults in one text, for an unknown group, a weight or factor below zero or not finite, a
    group that no loss updates and that is not frozen, a loss with a weight that may update nothing, and where every
    group is frozen. A loss whose groups are all frozen is let be, as is usual where new quantile levels are fitted to
    a finished network: see `Plan.idle`.
    """
    faults = []
    for loss, route in routes.items():
        if not 0 <= route.weight < inf:
            faults.append(f"loss {loss!r}: weight {route.weight} is below zero or not finite")
        for name, factor in route.updates.items():
            if name not in groups.names:
                faults.append(
                    f"loss {loss!r} updates the group {name!r}, which does not exist; {instead(name, groups.names)}"
                )
            if not 0 <= factor < inf:
                faults.append(f"loss {loss!r}: factor {factor} on {name!r} is below zero or not finite")
        if route.weight > 0 and not any(factor > 0 for factor in route.updates.values()):
            faults.append(
                f"loss {loss!r} has the weight {route.weight:g} and may update nothing; name the groups that it may "
                f"update, or give it weight 0, which computes it and moves nothing"
            )
    columns: dict[tuple[tuple[str, float], ...], list[str]] = {}
    for group in groups:
        if group.frozen:
            continue
        column = tuple(
            (loss, route.weight * route.updates[group.name])
            for loss, route in routes.items()
            if route.weight * route.updates.get(group.name, 0.0) > 0
        )
        if not column:
            faults.append(
                f"no loss with a weight above zero updates the group {group.name!r}; "
                f"tag a loss with it (updates: [{group.name}]) or name it under freeze"
            )
        columns.setdefault(column, []).append(group.name)
    if all(group.frozen for group in groups):
        faults.append(f"every group is frozen ({', '.join(groups.names)}), so that nothing would be trained")
    refuse(faults, "the routing table can't be run:")
    by_name = {group.name: group for group in groups}
    classes = tuple(
        RouteClass(
            tuple(names),
            tuple(pair for name in names for pair in by_name[name].parameters),
            dict(column),
        )
        for column, names in columns.items()
    )
    return Plan(groups, dict(routes), classes)
