"""A training step of any size on made-up fields: the quickstart's network, losses and routes, unless told otherwise."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.utils.data import Dataset

from stq.losses import MSE, SSIM, Histogram, Laplacian, Loss, LossContext, Pinball
from stq.models import Forecaster, build_forecaster
from stq.routing import Groups, Route, Router, clip_gradients, gradient_norms, plan_routes
from stq.spec import OptimSpec
from stq.tensors import Batch
from stq.training import ForecastModule
from stq.training._optimiser import build_optimiser

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
VARIABLES, CHANNELS = 2, 10
CENTRAL = {"backbone": 1.0, "central": 1.0}


@dataclass(frozen=True)
class StepSize:
    """Every number that a step grows with; the defaults are the quickstart's, on fields of twice the side.

    `losses` counts copies of one loss, 0 stands for the five of the quickstart. `heads` and `layers` are how many of
    the central heads, and of the layers of the backbone, are groups with routes of their own.
    """

    side: int = 48
    batch: int = 2
    history: int = 4
    horizons: int = 4
    hidden: tuple[int, ...] = (24,)
    losses: int = 0
    heads: int = 0
    layers: int = 0
    checkpoint: bool = False

    @property
    def pixels(self) -> int:
        """Of one field."""
        return self.side**2


def module_of(size: StepSize) -> ForecastModule:
    """The module that `stq train` would make."""
    net = build_forecaster(
        channels=CHANNELS, variables=VARIABLES, horizons=size.horizons, levels=LEVELS, hidden=size.hidden, kernel=3,
        dropout=0.2, head_hidden=16, residual=True, location_degree=None, order="anchored", seed=0,
        checkpoint_activations=size.checkpoint,
    )  # fmt: skip
    low, high = torch.full((VARIABLES,), -3.0), torch.full((VARIABLES,), 3.0)
    names = tuple(f"v{number}" for number in range(VARIABLES))
    horizons = tuple(range(1, size.horizons + 1))
    losses, routes, patterns = losses_of(size), routes_of(size), groups_of(size, net)
    for loss in losses.values():
        loss.setup(LossContext(names, horizons, LEVELS, (size.side, size.side), low, high))
    router = Router(plan_routes(Groups.of(net, patterns), routes), "pruned")
    return ForecastModule(net, losses, router, OptimSpec(), seed=0)


def losses_of(size: StepSize) -> dict[str, Loss]:
    """By name; `pinball` is always there."""
    if size.losses:
        return {**{f"mse {number}": MSE() for number in range(size.losses)}, "pinball": Pinball()}
    if size.heads:
        return {**{f"mse {number}": MSE() for number in range(size.horizons)}, "pinball": Pinball()}
    return {
        "mse": MSE(),
        "ssim": SSIM(window=7),
        "laplacian": Laplacian(),
        "histogram": Histogram(),
        "pinball": Pinball(),
    }


def routes_of(size: StepSize) -> dict[str, Route]:
    """The quickstart's isolation; with `heads` or `layers`, a class more for each."""
    pinball = {"pinball": Route(1.0, {"quantiles": 1.0})}
    if size.heads:
        first = {"backbone": 1.0, **{f"head {number}": 1.0 for number in range(size.heads, size.horizons)}}
        alone = {
            f"mse {number}": Route(1.0, {"backbone": 1.0, f"head {number}": 1.0} if number < size.heads else first)
            for number in range(size.horizons)
        }
        return {**alone, **pinball}
    weights = {"mse": 1.0, "ssim": 0.3, "laplacian": 0.3, "histogram": 0.1}
    if size.losses:
        weights = {f"mse {number}": 1.0 / size.losses for number in range(size.losses)}
    reach = CENTRAL
    if size.layers:
        # The last layers share a factor, as one class.
        factors = {f"layer {n}": 1.0 - 0.1 * min(n, size.layers - 1) for n in range(len(size.hidden))}
        reach = {**factors, "central": 1.0 - 0.1 * (size.layers - 1)}
    return {**{name: Route(weight, reach) for name, weight in weights.items()}, **pinball}


def groups_of(size: StepSize, net: Forecaster) -> dict[str, tuple[str, ...]]:
    """The model's own, or its heads or layers one by one."""
    patterns = net.groups()
    if size.heads:
        del patterns["central"]
        patterns |= {f"head {number}": (f"central_heads.{number}.*",) for number in range(size.horizons)}
    if size.layers:
        del patterns["backbone"]
        layers = {f"layer {number}": (f"convlstm.cells.{number}.*",) for number in range(len(size.hidden))}
        patterns = {**layers, **patterns}
    return patterns


class MadeWindows(Dataset[Batch]):
    """`count` windows of made-up numbers; the numbers are the same in all, drawn once."""

    def __init__(self, size: StepSize, count: int) -> None:
        generator, field = torch.Generator().manual_seed(0), (size.side, size.side)
        values = torch.randn(size.horizons, VARIABLES, *field, generator=generator)
        self.count = count
        self.window = Batch(
            inputs=torch.randn(size.history, CHANNELS, *field, generator=generator),
            base=torch.zeros(VARIABLES, *field), values=values, valid=torch.ones_like(values, dtype=torch.bool),
            offset=torch.zeros_like(values), location=torch.zeros(2, *field), weight=torch.ones(field),
            time=torch.tensor(0),
        )  # fmt: skip

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Batch:
        return self.window


def step_of(size: StepSize, *, autocast: bool = False) -> Callable[[], None]:
    """A whole step, again and again: forward, losses, backward by its routes, clipping by group, AdamW.

    What Lightning adds to it is within the noise (`make bench-step`).
    """
    module, windows = module_of(size).train(), MadeWindows(size, size.batch)
    groups = module.router.plan.groups
    optimiser = build_optimiser(groups, module.optim)
    batch = torch.utils.data.default_collate([windows[number] for number in range(size.batch)])

    def step() -> None:
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            losses = module.loss_values(module(batch), batch)
        module.router.backward(module.router.total(losses))
        clip_gradients(groups, 1.0, "group", gradient_norms(groups))
        optimiser.step()

    return step
