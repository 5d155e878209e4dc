"""How many backward passes an engine makes, and what they take beside one joint backward."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

import torch
from torch import Tensor

from stq.routing._engines import Engine
from stq.routing._joint import joint
from stq.routing.audit._hooks import hooks_muted
from stq.routing.audit._trial import Trial

T = TypeVar("T")

REPEATS = 2


@dataclass(frozen=True)
class Cost:
    """Seconds that the engine took on the graph, and one joint backward of the same losses: the least of a few runs."""

    engine_seconds: float
    joint_seconds: float

    @property
    def ratio(self) -> float:
        """Engine over joint."""
        return self.engine_seconds / self.joint_seconds


def counted(losses: Mapping[str, Tensor], run: Callable[[], T]) -> tuple[T, int]:
    """What `run` gives, and the backward passes that start from any of `losses` while it runs."""
    passes: set[int] = set()

    def visited(gradient: Tensor) -> None:
        passes.add(torch._C._current_graph_task_id())

    handles = [loss.register_hook(visited) for loss in losses.values()]  # type: ignore[no-untyped-call]  # in torch
    try:
        return run(), len(passes)
    finally:
        for handle in handles:
            handle.remove()


def cost(trial: Trial, engine: Engine) -> Cost | None:
    """Both, measured in turns on the retained graph; None where there is nothing to run."""
    losses = {name: loss for name, loss in trial.alive.items() if trial.plan.routes[name].weight > 0}
    if not losses:
        return None
    pairs = [(seconds(trial, engine, losses), seconds(trial, joint, losses)) for _ in range(REPEATS)]
    return Cost(min(own for own, _ in pairs), min(other for _, other in pairs))


def seconds(trial: Trial, engine: Engine, losses: dict[str, Tensor]) -> float:
    """What one run takes, from empty gradients."""
    for _, parameter in trial.named:
        parameter.grad = None
    wait(losses)
    began = perf_counter()
    with hooks_muted(trial.named):
        trial.call(engine, losses)
    wait(losses)
    return perf_counter() - began


def wait(losses: dict[str, Tensor]) -> None:
    """Until a device that works by itself has done what it was given."""
    if any(loss.device.type != "cpu" for loss in losses.values()) and torch.accelerator.is_available():
        torch.accelerator.synchronize()
