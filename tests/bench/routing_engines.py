"""Time of a training step under each routing engine, as ratios to `joint`, paired and interleaved in one run.

One step is forward, losses, backward and AdamW of the quickstart's network; one thread. Run: make bench-routing.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table

from stq.losses import MSE, Pinball
from stq.models import build_forecaster
from stq.routing import Groups, Route, Router, plan_routes
from stq.tensors import Target

ENGINES = ("joint", "pruned", "save-restore")
HORIZONS, VARIABLES, CHANNELS, HISTORY, BATCH = 4, 2, 10, 4, 8


def step_of(engine: str, hidden: list[int], cells: int) -> Callable[[], None]:
    """A training step on fixed numbers."""
    torch.manual_seed(0)
    net = build_forecaster(
        channels=CHANNELS, variables=VARIABLES, horizons=HORIZONS, levels=(0.025, 0.975), hidden=hidden, kernel=3,
        dropout=0.0, head_hidden=16, residual=False, location_degree=None, order="independent", seed=0,
    )  # fmt: skip
    central = {"backbone": 1.0, "central": 1.0}
    plan = plan_routes(
        Groups.of(net, net.groups()), {"mse": Route(1.0, central), "pinball": Route(1.0, {"quantiles": 1.0})}
    )
    router = Router(plan, engine)
    optimiser = torch.optim.AdamW(net.parameters())
    inputs = torch.randn(BATCH, HISTORY, CHANNELS, cells, cells)
    base = torch.randn(BATCH, VARIABLES, cells, cells)
    location = torch.zeros(BATCH, 2, cells, cells)
    values = torch.randn(BATCH, HORIZONS, VARIABLES, cells, cells)
    target = Target(values, torch.ones_like(values, dtype=torch.bool))
    mse, pinball = MSE(), Pinball()

    def step() -> None:
        optimiser.zero_grad()
        forecast = net(inputs, base, location)
        router.backward(router.total({"mse": mse(forecast, target), "pinball": pinball(forecast, target)}))
        optimiser.step()

    return step


def main() -> None:
    """Measure each size, print medians of the paired ratios."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15)
    rounds = arguments.parse_args().rounds
    torch.set_num_threads(1)
    table = Table(title=f"step time as a ratio to joint (median of {rounds} paired rounds, one thread)")
    for column in ("hidden", "cells", "joint, ms", "pruned / joint", "save-restore / joint", "save-restore / pruned"):
        table.add_column(column, justify="right")
    for hidden, cells in (([16], 24), ([24], 24), ([24, 24], 24), ([48], 32)):
        steps = {engine: step_of(engine, hidden, cells) for engine in ENGINES}
        seconds: dict[str, list[float]] = {engine: [] for engine in ENGINES}
        for number in range(rounds + 2):
            for engine, step in steps.items():
                start = time.perf_counter()
                step()
                if number >= 2:
                    seconds[engine].append(time.perf_counter() - start)

        def ratio(a: str, b: str, seconds: dict[str, list[float]] = seconds) -> str:
            return f"{statistics.median(x / y for x, y in zip(seconds[a], seconds[b], strict=True)):.2f}"

        table.add_row(
            str(hidden), f"{cells} x {cells}", f"{1000 * statistics.median(seconds['joint']):.0f}",
            ratio("pruned", "joint"), ratio("save-restore", "joint"), ratio("save-restore", "pruned"),
        )  # fmt: skip
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
