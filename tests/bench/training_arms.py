"""Three ways to train a spec's network: `stq train`, a loop in bare PyTorch, and plain Lightning.

All three compute the same numbers: the same initial weights, windows in the same order, dropout from the same seeds,
losses, clipping by group, optimiser and schedule. The two written by hand keep the quantile heads from the features by
a detach; they know of no routing, no checks and no audit. Each validates, adds a row of means to a CSV file and saves
its last state and its best one after every epoch, as a person would.
"""

import copy
import csv
import logging
import warnings
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger
from rich.console import Console
from torch import Tensor, nn
from torch.utils.data import DataLoader

from stq import app
from stq.app._assembly import Experiment, assemble
from stq.models import stream_seed
from stq.report import TrainingLines
from stq.spec import LoadedSpec, OptimSpec
from stq.tensors import Batch, Forecast
from stq.training import ForecastModule
from stq.training._means import Means
from stq.training._optimiser import build_optimiser
from stq.training._schedule import build_schedule
from stq.training._shards import EpochOrder, TrainingBatches
from stq.training._validation import Validation

EpochDone = Callable[[float], None]
"""Told the validation error of the central forecast when an epoch is over; before the first, NaN."""


class ByHand:
    """The network, losses and weights of a module, with the detach that a person would write."""

    def __init__(self, module: ForecastModule, device: torch.device | str = "cpu") -> None:
        twin = copy.deepcopy(module).to(device)
        self.net, self.losses, self.names = twin.forecaster, twin.loss_modules, twin.loss_names
        self.weights = {name: route.weight for name, route in twin.router.plan.routes.items()}
        self.plan_groups = twin.router.plan.groups
        self.groups = [group.tensors() for group in self.plan_groups]
        for heads in (self.net.lower_heads, self.net.median_heads, self.net.upper_heads):
            for head in heads:
                head.register_forward_pre_hook(lambda _head, inputs: (inputs[0].detach(), *inputs[1:]))

    def forecast(self, batch: Batch) -> Forecast:
        """The forecast for a batch."""
        return self.net(batch.inputs, batch.base, batch.location)

    def values(self, forecast: Forecast, batch: Batch) -> dict[str, Tensor]:
        """Every loss by name."""
        return {name: loss(forecast, batch.target) for name, loss in zip(self.names, self.losses, strict=True)}

    def total(self, values: Mapping[str, Tensor]) -> Tensor:
        """Their weighted sum."""
        return torch.stack([self.weights[name] * value for name, value in values.items()]).sum()

    def clip(self) -> None:
        """Each group by its own norm."""
        for tensors in self.groups:
            nn.utils.clip_grad_norm_(tensors, 1.0)

    def optimiser(self, optim: OptimSpec) -> torch.optim.Optimizer:
        """As the spec says."""
        return build_optimiser(self.plan_groups, optim)


def by_stq(loaded: LoadedSpec, folder: Path, done: EpochDone) -> None:
    """`stq train`: the audit of the first step stands before the first epoch, the calibration after the last."""

    class Watch:
        def started(self, event: Any) -> None:
            done(float("nan"))

        def stepped(self, event: Any) -> None:
            """Nothing."""

        def epoch_ended(self, event: Any) -> None:
            done(event.val_central)

    app.train(loaded, run_dir=folder / "run", observers=(TrainingLines(Console(file=StringIO())), Watch()))


def by_bare_loop(loaded: LoadedSpec, folder: Path, done: EpochDone) -> None:
    """Nothing but PyTorch."""
    experiment, spec = assemble(loaded), loaded.spec
    hand, (train, validation) = ByHand(experiment.module), loaders_of(experiment)
    optimiser = hand.optimiser(spec.optim)
    schedule = schedule_of(optimiser, spec.optim, len(train), spec.trainer.max_epochs)
    best, step = float("inf"), 0
    done(float("nan"))
    for epoch in range(spec.trainer.max_epochs):
        train.batch_sampler.sampler.set_epoch(epoch)
        hand.net.train()
        means = Means()
        for batch in train:
            torch.manual_seed(stream_seed(spec.seed, f"step {step} rank 0"))
            optimiser.zero_grad()
            values = hand.values(hand.forecast(batch), batch)
            hand.total(values).backward()
            hand.clip()
            optimiser.step()
            schedule.step()
            means.add({name: value.detach() for name, value in values.items()}, len(batch.time))
            step += 1
        hand.net.eval()
        found = Validation(hand.names)
        with torch.no_grad():
            for batch in validation:
                forecast = hand.forecast(batch)
                found.add(batch, forecast, hand.values(forecast, batch))
        with (folder / "metrics.csv").open("a", newline="") as file:
            csv.writer(file).writerow([epoch, found.central, *means.compute().values(), *found.losses.values()])
        state = {"net": hand.net.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict()}
        torch.save(state, folder / "last.pt")
        if found.central < best:
            best = found.central
            torch.save(state, folder / "best.pt")
        done(found.central)


def by_lightning(loaded: LoadedSpec, folder: Path, done: EpochDone) -> None:
    """A LightningModule of some thirty lines, with Lightning's own logger and checkpoints."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    experiment, spec = assemble(loaded), loaded.spec
    train, validation = loaders_of(experiment)
    module = Plain(ByHand(experiment.module), loaded, len(train))

    class Watch(Callback):
        def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            done(float("nan"))

        def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            done(float(trainer.callback_metrics["val_central"]))

    trainer = pl.Trainer(
        max_epochs=spec.trainer.max_epochs,
        accelerator="cpu",
        callbacks=[Watch(), ModelCheckpoint(dirpath=folder, monitor="val_central", save_last=True)],
        logger=CSVLogger(folder),
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=spec.trainer.log_every_n_steps,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few workers, few batches, and of its own deprecated calls
        trainer.fit(module, train, validation)


class Plain(pl.LightningModule):
    """What a person would write for Lightning."""

    def __init__(self, hand: ByHand, loaded: LoadedSpec, batches: int) -> None:
        super().__init__()
        self.net, self.hand, self.spec, self.batches = hand.net, hand, loaded.spec, batches
        self.found = Validation(hand.names)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        torch.manual_seed(stream_seed(self.spec.seed, f"step {self.global_step} rank 0"))
        values = self.hand.values(self.hand.forecast(batch), batch)
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(batch.time))
        return self.hand.total(values)

    def on_validation_epoch_start(self) -> None:
        self.found = Validation(self.hand.names)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        forecast = self.hand.forecast(batch)
        self.found.add(batch, forecast, self.hand.values(forecast, batch))

    def on_validation_epoch_end(self) -> None:
        self.log("val_central", self.found.central)
        self.log_dict({f"val_{name}": value for name, value in self.found.losses.items()})

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        self.hand.clip()

    def configure_optimizers(self) -> Any:
        optimiser, epochs = self.hand.optimiser(self.spec.optim), self.spec.trainer.max_epochs
        schedule = schedule_of(optimiser, self.spec.optim, self.batches, epochs)
        return [optimiser], [{"scheduler": schedule, "interval": "step"}]


def loaders_of(experiment: Experiment) -> tuple[DataLoader[Batch], DataLoader[Batch]]:
    """Training windows in the order that stq would draw, and those of the validation."""
    spec, splits = experiment.loaded.spec, experiment.data.splits
    batches = TrainingBatches(EpochOrder(splits["train"], spec.seed), spec.data.batch_size, 0, 1)
    return DataLoader(splits["train"], batch_sampler=batches), DataLoader(
        splits["val"], experiment.loaders.validation_batch_size
    )


def schedule_of(optimiser: torch.optim.Optimizer, optim: OptimSpec, batches: int, epochs: int) -> Any:
    """The schedule of the spec, to be stepped after every step."""
    (found,) = build_schedule(optimiser, optim.schedule, steps=batches * epochs, steps_per_epoch=batches)
    return found["scheduler"]


ARMS: Mapping[str, Callable[[LoadedSpec, Path, EpochDone], None]] = {
    "bare": by_bare_loop,
    "lightning": by_lightning,
    "stq": by_stq,
}
