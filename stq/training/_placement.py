"""From the processes there are to what Lightning calls a strategy."""

from typing import Any

import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning.strategies import DDPStrategy, SingleDeviceStrategy

from stq.spec import TrainerSpec
from stq.training._devices import device_of
from stq.training._world import World


class Joined(LightningEnvironment):
    """Processes that have met already: Lightning starts none."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    @property
    def creates_processes_externally(self) -> bool:
        return True

    def world_size(self) -> int:
        return self.world.size

    def global_rank(self) -> int:
        return self.world.rank

    def local_rank(self) -> int:
        return self.world.local_rank

    def node_rank(self) -> int:
        return self.world.rank // self.world.local_size

    def teardown(self) -> None:
        """The environment is not Lightning's to clean."""


def placement(settings: TrainerSpec, world: World, *, alone: bool = False) -> dict[str, Any]:
    """The Trainer's arguments for where and in which precision it computes: with all processes of `world`, or this one
    `alone` in it. What is whose part of the data is stq's own affair.
    """
    common = {"precision": settings.precision, "use_distributed_sampler": False}
    if world.size == 1:
        return {**common, "accelerator": settings.accelerator, "devices": 1}
    if alone:
        kind = device_of(settings.accelerator) or "cpu"
        device = torch.device(kind) if kind == "cpu" else torch.device(kind, world.local_rank)
        return {**common, "accelerator": kind, "devices": 1, "strategy": SingleDeviceStrategy(device)}
    strategy = DDPStrategy(
        cluster_environment=Joined(world),
        broadcast_buffers=False,  # they are the same everywhere
        find_unused_parameters=settings.ddp.find_unused_parameters,
        gradient_as_bucket_view=settings.ddp.gradient_as_bucket_view,
    )
    return {
        **common,
        "accelerator": settings.accelerator,
        "devices": world.local_size,
        "num_nodes": world.machines,
        "strategy": strategy,
    }
