"""Steps of a training as the audit sees them: of a right table on a right net, however odd."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial

import torch
from support.routed_nets import ALL_SOFT, ROUTES, SOFT, BandNet, band_plan, fields, weighted
from torch import Tensor, nn

from stq.routing import Groups, Plan, Route, Step, plan_routes


def step_of(losses: Mapping[str, Tensor]) -> Step:
    """A step as the audit sees it; the audit has no use for the total."""
    return Step(dict(losses), torch.stack([loss.detach().double() for loss in losses.values()]).sum())


def hard(loss: Tensor) -> Tensor:
    """What hard binning leaves of a gradient: a number that is counted."""
    return loss.detach().round()


def flat(loss: Tensor) -> Tensor:
    """A gradient that is there and is zero everywhere: that of a step function."""
    return loss * 0.0 + loss.detach()


class Shared(nn.Module):
    """Trunk, one head that two losses share, and a weight that is used twice."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.trunk = nn.Linear(3, 4)
            self.head = nn.Linear(4, 4)
        self.again = self.head

    def losses(self) -> dict[str, Tensor]:
        features = torch.tanh(self.trunk(torch.linspace(-1, 1, 15).reshape(5, 3)))
        field = self.again(torch.tanh(self.head(features)))
        first = field.square().mean()
        return {"first": first, "second": (field - 1).abs().mean(), "ratio": first.sqrt() / (1 + first)}


def shared(routes: Mapping[str, Route]) -> tuple[Plan, Step]:
    net = Shared()
    return plan_routes(Groups.of(net, {"trunk": ["trunk.*"], "head": ["head.*"]}), routes), step_of(net.losses())


def banded(
    routes: Mapping[str, Route] = ROUTES,
    freeze: tuple[str, ...] = (),
    dtype: torch.dtype = torch.float32,
    autocast: bool = False,
    patterns: Mapping[str, list[str]] | None = None,
    change: Mapping[str, Callable[[Tensor], Tensor]] | None = None,
) -> tuple[Plan, Step]:
    net = BandNet().to(dtype)
    plan = band_plan(net, routes, freeze=freeze, **({"patterns": patterns} if patterns else {}))
    with torch.autocast("cpu", torch.bfloat16) if autocast else nullcontext():
        losses = net.losses(*(field.to(dtype) for field in fields()))
    return plan, step_of({**losses, **{name: f(losses[name]) for name, f in (change or {}).items()}})


def twins() -> tuple[Plan, Step]:
    """One loss, routed twice: fully to the heads under one name, softly to the backbone under another."""
    routes = {"a": Route(1.0, {"head": 1.0}), "b": Route(0.5, {"trunk": 0.5, "head": 1.0})}
    net = Shared()
    first = net.losses()["first"]
    plan = plan_routes(Groups.of(net, {"trunk": ["trunk.*"], "head": ["head.*"]}), routes)
    return plan, step_of({"a": first, "b": first})


def cancelling() -> tuple[Plan, Step]:
    """Two losses whose gradients all but cancel: the sum is small against its parts."""
    net = BandNet()
    losses = net.losses(*fields())
    losses["edges"] = losses["mse"] * -3.33333
    return band_plan(net), step_of(losses)


def large() -> tuple[Plan, Step]:
    """The size of net for which separate passes and one pass differ by more than 1e-6: by rounding, not by fault."""
    torch.manual_seed(0)
    net = nn.Module()
    net.trunk = nn.Conv2d(24, 96, 3, padding=1)
    net.head = nn.Conv2d(96, 4, 3, padding=1)
    field = net.head(torch.tanh(net.trunk(torch.randn(6, 24, 24, 24))))
    losses = {"a": field.square().mean(), "b": (field - 1).abs().mean(), "c": field.diff(dim=-1).square().mean()}
    routes = {name: Route(0.3, {"trunk": 1.0, "head": 1.0}) for name in losses}
    return plan_routes(Groups.of(net, {"trunk": ["trunk.*"], "head": ["head.*"]}), routes), step_of(losses)


BOTH = {"trunk": 1.0, "head": 1.0}
NO_EDGES = {**ROUTES, "edges": Route(0.0, {"central": 1.0})}
SOUND: dict[str, Callable[[], tuple[Plan, Step]]] = {
    "soft table": partial(banded, SOFT),
    "everything soft": partial(banded, ALL_SOFT),
    "frozen group": partial(banded, freeze=("backbone",)),
    "only quantiles train": partial(banded, freeze=("backbone", "central")),
    "loss without weight": partial(banded, NO_EDGES),
    "nan in a loss without weight": partial(banded, NO_EDGES, change={"edges": lambda loss: loss * float("nan")}),
    "hard-binned loss without weight": partial(banded, NO_EDGES, change={"edges": hard}),
    "one group": partial(banded, {name: Route(1.0, {"all": 1.0}) for name in ROUTES}, patterns={"all": ["*"]}),
    "float64": partial(banded, SOFT, dtype=torch.float64),
    "bfloat16": partial(banded, SOFT, dtype=torch.bfloat16),
    "autocast": partial(banded, SOFT, autocast=True),
    "large weights": partial(banded, weighted(SOFT, 1e8)),
    "tiny weights": partial(banded, weighted(SOFT, 1e-12)),
    "shared head, tied weights": partial(
        shared, {"first": Route(1.0, BOTH), "second": Route(0.5, {"head": 1.0}), "ratio": Route(0.0)}
    ),
    "loss made of another": partial(
        shared, {"first": Route(1.0, BOTH), "second": Route(0.0), "ratio": Route(2.0, {"head": 0.5})}
    ),
    "one tensor under two names": twins,
    "losses that all but cancel": cancelling,
    "larger net": large,
}
