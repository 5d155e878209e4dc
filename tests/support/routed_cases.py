"""Trainings of a small routed net that one process and two must agree on."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch.distributed as dist
from pytorch_lightning import Trainer
from support.routed_nets import (
    PATTERNS,
    ROUTES,
    SILENCED,
    SOFT,
    BandNet,
    RoutedModule,
    band_plan,
    fields,
    momentum,
    state,
)
from torch import Tensor
from torch.utils.data import DataLoader, Sampler, TensorDataset

from stq.routing import Route, Router

THREE = {**ROUTES, "edges": Route(0.3, {"backbone": 1.0})}


class Watched(RoutedModule):
    """Keeps a copy of the gradients of every step, as they are before clipping."""

    steps: list[dict[str, Tensor]]

    def on_before_optimizer_step(self, optimizer: object) -> None:
        """Called after the backward, and after the processes have shared its gradients."""
        self.steps.append({name: p.grad.clone() for name, p in self.net.named_parameters() if p.grad is not None})

    def found(self) -> dict[str, Any]:
        """The gradients of every step, the weights at the end, and how often a norm was clipped."""
        return {"gradients": self.steps, "state": state(self.net), "clipped": self.clipped}


@dataclass(frozen=True)
class NetCase:
    """One training: 2 batches of 4 samples an epoch, 2 epochs, without dropout."""

    engine: str = "pruned"
    routes: Mapping[str, Route] = field(default_factory=lambda: ROUTES)
    freeze: Sequence[str] = ()
    ddp: Mapping[str, Any] = field(default_factory=dict)
    accumulate: int = 1
    clip: float | None = None
    precision: str = "32-true"
    tolerance: float = 1e-6

    def module(self) -> Watched:
        """A fresh one, always the same."""
        net = BandNet(dropout=0.0)
        plan = band_plan(net, self.routes, PATTERNS, self.freeze)
        module = Watched(net, Router(plan, self.engine), momentum, clip=self.clip)
        module.steps = []
        return module

    def fields(self) -> tuple[Tensor, Tensor]:
        """8 samples."""
        return fields()

    def arguments(self) -> dict[str, Any]:
        """Of the Trainer."""
        return {
            "max_epochs": 2,
            "accumulate_grad_batches": self.accumulate,
            "precision": self.precision,
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
        }

    def alone(self) -> dict[str, Any]:
        """What one process finds with batches of 4."""
        module = self.module()
        with warnings.catch_warnings():
            for message in SILENCED:
                warnings.filterwarnings("ignore", message)
            trainer = Trainer(accelerator="cpu", devices=1, **self.arguments())
            trainer.fit(module, DataLoader(TensorDataset(*self.fields()), batch_size=4))
        return module.found()


NETS = {
    "ddp": NetCase(),
    "find_unused_parameters": NetCase(ddp={"find_unused_parameters": True}),
    "gradient_as_bucket_view": NetCase(ddp={"gradient_as_bucket_view": True}),
    "both": NetCase(ddp={"find_unused_parameters": True, "gradient_as_bucket_view": True}),
    "accumulation": NetCase(accumulate=2),
    "clipping": NetCase(clip=0.05),
    "clipping in windows, bucket views": NetCase(accumulate=2, clip=0.05, ddp={"gradient_as_bucket_view": True}),
    "bf16-mixed": NetCase(precision="bf16-mixed", tolerance=2e-2),
    "a soft table": NetCase(routes=SOFT),
    "three classes": NetCase(routes=THREE),
    "three classes in windows": NetCase(routes=THREE, accumulate=2),
    "a frozen group": NetCase(freeze=["backbone"]),
    "joint": NetCase(engine="joint"),
}


class Halves(Sampler[int]):
    """The halves of batches of 4 that this process takes."""

    def __iter__(self) -> Iterator[int]:
        return iter([4 * k + 2 * dist.get_rank() + i for k in range(2) for i in range(2)])

    def __len__(self) -> int:
        return 4


def spawned() -> dict[str, Tensor]:
    """The weights that two processes of Lightning's `ddp_spawn` bring back."""
    case = NetCase()
    module = case.module()
    trainer = Trainer(
        accelerator="cpu", devices=2, strategy="ddp_spawn", use_distributed_sampler=False, **case.arguments()
    )
    trainer.fit(module, DataLoader(TensorDataset(*case.fields()), batch_size=2, sampler=Halves()))
    return state(module.net)


@dataclass(frozen=True)
class RunCase:
    """One epoch of stq's own training, without dropout and by plain gradient descent."""

    changes: Sequence[str] = ()
    gappy: bool = False

    def overrides(self, batch_size: int) -> list[str]:
        """What is set in the tiny spec."""
        plain = "optim={name: sgd, lr: 0.05, clip: null, schedule: {name: constant, warmup: 0}}"
        return [plain, "model.dropout=0.0", "trainer.max_epochs=1", f"data.batch_size={batch_size}", *self.changes]


RUNS = {
    "stq": RunCase(),
    "gaps": RunCase(["losses=[mse, pinball]"], gappy=True),
    "gaps, by area": RunCase(["losses=[mse, pinball]", "data.area_weights=cosine"], gappy=True),
    "a process without a sample": RunCase(["data.history=2"]),
    "a validation of three batches": RunCase(["data.split={train: 0.6, val: 0.2, test: 0.2}", "calibration=null"]),
    "accumulation, the last window short": RunCase(["trainer.accumulate_grad_batches=3"]),
}
"""With 4 samples a process an epoch has 32 windows in 4 global batches; one more where the history is shorter."""
