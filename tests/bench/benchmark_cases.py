"""What the routing benchmark measures: networks, tables of routes, and five ways to run a backward under each."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torchjd.aggregation import Sum
from torchjd.autojac import jac_to_grad, mtl_backward

from stq.losses import MSE, SSIM, Histogram, Laplacian, LossContext, Pinball
from stq.models import Forecaster, build_forecaster
from stq.routing import Groups, Plan, Route, Router, plan_routes
from stq.tensors import Forecast, Target

METHODS = ("joint", "detach", "pruned", "save-restore", "torchjd")
LEVELS, HORIZONS, VARIABLES, CHANNELS, HISTORY, BATCH = (0.025, 0.975), 4, 2, 10, 4, 8
CENTRAL = {"backbone": 1.0, "central": 1.0}


@dataclass(frozen=True)
class Size:
    """A network, `layers` ConvLSTM cells of `hidden` channels, on square fields of `cells` x `cells`."""

    layers: int
    hidden: int
    cells: int = 24

    def __str__(self) -> str:
        return f"{self.layers} x {self.hidden}"


@dataclass(frozen=True)
class Table:
    """A routing table; `detach` is the factor that a hand-written detach puts on what the quantile heads send back."""

    name: str
    routes: Mapping[str, Route]
    passes: int
    detach: float | None = 0.0
    split: bool = False
    """Whether lower and upper heads are groups of their own."""


TABLES = {
    table.name: table
    for table in (
        Table("2 classes, 2 losses", {"mse": Route(1.0, CENTRAL), "pinball": Route(1.0, {"quantiles": 1.0})}, 2),
        Table(
            "2 classes, 5 losses",
            {
                "mse": Route(1.0, CENTRAL),
                "ssim": Route(0.3, CENTRAL),
                "laplacian": Route(0.3, CENTRAL),
                "histogram": Route(0.1, CENTRAL),
                "pinball": Route(1.0, {"quantiles": 1.0}),
            },
            2,
        ),
        Table(
            "3 classes, soft",
            {"mse": Route(1.0, CENTRAL), "pinball": Route(1.0, {"quantiles": 1.0, "backbone": 0.05})},
            3,
            detach=0.05,
        ),
        Table(
            "4 classes, 4 losses",
            {
                "mse": Route(1.0, CENTRAL),
                "laplacian": Route(0.3, {"central": 1.0}),
                "lower": Route(1.0, {"lower": 1.0}),
                "upper": Route(1.0, {"upper": 1.0}),
            },
            4,
            detach=None,
            split=True,
        ),
    )
}

Backward = Callable[[Mapping[str, Tensor]], None]


@dataclass(frozen=True)
class Case:
    """A training step of one method, cut where the clock is read."""

    losses: Callable[[], Mapping[str, Tensor]]
    backward: Backward
    update: Callable[[], None]
    forget: Callable[[], None]


def case(method: str, size: Size, table: Table, device: torch.device, precision: str) -> Case | None:
    """A step on fixed numbers, None where the method can't express the table."""
    if method == "detach" and table.detach is None:
        return None
    net = network(size).to(device)
    if method == "detach" and table.detach is not None:
        for heads in (net.lower_heads, net.upper_heads):
            for head in heads:
                head.register_forward_pre_hook(damped(table.detach))
    seen: list[Tensor] = []
    if method == "torchjd":
        net.convlstm.register_forward_hook(lambda _module, _inputs, features: seen.append(features))
    criteria = losses_of(table, size)
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(BATCH, HISTORY, CHANNELS, size.cells, size.cells, generator=generator).to(device)
    base = torch.zeros(BATCH, VARIABLES, size.cells, size.cells, device=device)
    location = torch.zeros(BATCH, 2, size.cells, size.cells, device=device)
    values = torch.randn(BATCH, HORIZONS, VARIABLES, size.cells, size.cells, generator=generator).to(device)
    target = Target(values, torch.ones_like(values, dtype=torch.bool))
    optimiser = torch.optim.AdamW(net.parameters())
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "16")
    run = backward_of(method, net, table, seen, scaler)

    def losses() -> Mapping[str, Tensor]:
        seen.clear()
        with autocast(device, precision):
            forecast = net(inputs, base, location)
            return {name: loss(forecast, target) for name, loss in criteria.items()}

    def update() -> None:
        scaler.step(optimiser)
        scaler.update()

    return Case(losses, run, update, optimiser.zero_grad)


def network(size: Size) -> Forecaster:
    """Heads as in the quickstart, quantiles as independent fields, so that a detach by hand can be written."""
    return build_forecaster(
        channels=CHANNELS, variables=VARIABLES, horizons=HORIZONS, levels=LEVELS, hidden=[size.hidden] * size.layers,
        kernel=3, dropout=0.0, head_hidden=16, residual=False, location_degree=None, order="independent", seed=0,
    )  # fmt: skip


def damped(factor: float) -> Callable[[nn.Module, tuple[Tensor, Tensor]], tuple[Tensor, Tensor]]:
    """A pre-hook: the same features forward, `factor` of their gradient back."""

    def hook(_head: nn.Module, inputs: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        features, base = inputs
        fixed = features.detach()
        return (fixed if factor == 0 else fixed + factor * (features - fixed)), base

    return hook


def losses_of(table: Table, size: Size) -> Mapping[str, Callable[[Forecast, Target], Tensor]]:
    """The losses that a table names."""
    side = (size.cells, size.cells)
    low, high = torch.full((VARIABLES,), -3.0), torch.full((VARIABLES,), 3.0)
    context = LossContext(("a", "b"), (1, 2, 3, 4), LEVELS, side, low, high)
    known = {"mse": MSE(), "ssim": SSIM(), "laplacian": Laplacian(), "histogram": Histogram(), "pinball": Pinball()}
    for loss in known.values():
        loss.setup(context)
    pinball = known["pinball"]
    halves = {
        name: lambda forecast, target, i=i: pinball(
            replace(forecast, quantiles=forecast.quantiles[:, :, i : i + 1], levels=LEVELS[i : i + 1]), target
        )
        for i, name in enumerate(("lower", "upper"))
    }
    return {name: {**known, **halves}[name] for name in table.routes}


def backward_of(
    method: str, net: Forecaster, table: Table, features: Sequence[Tensor], scaler: torch.amp.GradScaler
) -> Backward:
    """What stands between the losses and the optimiser."""
    weights = {name: route.weight for name, route in table.routes.items()}
    if method in ("pruned", "save-restore"):
        router = Router(plan_of(net, table), method)
        if router.plan.passes != table.passes:
            raise ValueError(f"{table.name} takes {router.plan.passes} passes")
        return lambda losses: router.backward(scaler.scale(router.total(losses)))
    if method == "torchjd":
        shared = list(net.convlstm.parameters())
        tasks = tasks_of(table, net)

        def jacobian_descent(losses: Mapping[str, Tensor]) -> None:
            """As its documentation does it for tasks on shared features; Sum, the cheapest aggregation there is."""
            weighted = [scaler.scale(weights[name] * loss) for name, loss in losses.items()]
            mtl_backward(
                weighted, features=features[0], shared_params=shared, tasks_params=tasks, retain_graph=len(losses) > 2
            )  # losses that share the central heads go through them one by one
            jac_to_grad(shared, Sum())

        return jacobian_descent
    return lambda losses: scaler.scale(sum(weights[name] * loss for name, loss in losses.items())).backward()


def tasks_of(table: Table, net: Forecaster) -> list[list[nn.Parameter]]:
    """The head parameters that each loss may move, in the order of the losses."""
    reach = {"central": ("central",), "quantiles": ("lower", "upper"), "lower": ("lower",), "upper": ("upper",)}
    return [
        [
            p
            for name, p in net.named_parameters()
            if any(name.startswith(f"{part}_heads") for group in route.updates for part in reach.get(group, ()))
        ]
        for route in table.routes.values()
    ]


def plan_of(net: Forecaster, table: Table) -> Plan:
    """Groups and routes."""
    patterns = net.groups()
    if table.split:
        del patterns["quantiles"]
        patterns |= {"lower": ("lower_heads.*",), "upper": ("upper_heads.*",)}
    return plan_routes(Groups.of(net, patterns), table.routes)


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """Autocast to bfloat16 or float16; nothing in 32 bits."""
    if precision == "32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16 if precision == "bf16" else torch.float16)
