"""What training tells to whoever watches, as values: the screen and the log are somebody else's."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pytorch_lightning import Callback, LightningModule, Trainer

from stq.spec import CENTRAL
from stq.training._forecast_module import ForecastModule


@dataclass(frozen=True)
class Started:
    """Training begins: the most epochs it may take, what one holds, and the epoch it starts from (0 unless resumed).

    A step takes several batches where they accumulate. `first_step` counts those that are done already, `most_steps` is
    the budget in steps, where there is one beside that in epochs.
    """

    epochs: int
    batches_per_epoch: int
    steps_per_epoch: int
    first_epoch: int
    device: str
    first_step: int = 0
    most_steps: int | None = None


@dataclass(frozen=True)
class Stepped:
    """An optimiser step is done; `step` counts from 1 over the whole run."""

    epoch: int
    step: int
    losses: Mapping[str, float]


@dataclass(frozen=True)
class EpochEnded:
    """An epoch and its validation are done. Losses are unweighted means, `val_central` is in normalised units.

    `monitor` names what chooses the best epoch (see `ForecastModule.monitor`), and `monitored` is its value.
    `skipped_steps` were left out so far, since something in them was not finite; `last_skipped` says why the last was.
    """

    epoch: int
    step: int
    seconds: float
    learning_rates: Mapping[str, float]
    gradient_norms: Mapping[str, float]
    train_losses: Mapping[str, float]
    validation_losses: Mapping[str, float]
    val_central: float
    monitor: str
    monitored: float
    best: bool
    skipped_steps: int = 0
    last_skipped: str = ""


@runtime_checkable
class TrainingObserver(Protocol):
    """Receives what happens, in order."""

    def started(self, event: Started) -> None:
        """Called once, before the first step."""

    def stepped(self, event: Stepped) -> None:
        """Called after every `log_every_n_steps` steps.

        Also after a step that ends `every_seconds` after the last call or later, where the observer has such a number.
        """

    def epoch_ended(self, event: EpochEnded) -> None:
        """Called after every validation."""


class Observe(Callback):
    """Turns Lightning's hooks into events."""

    def __init__(self, observers: tuple[TrainingObserver, ...], every: int) -> None:
        self.observers = observers
        self.every = every
        self.best = float("inf")
        self.best_central: float | None = None
        self.epochs = 0
        self._clock = time.monotonic()
        self._last_step = -1
        self._told = [self._clock] * len(observers)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_central": self.best_central, "epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self.best_central = float(state_dict["best"]), state_dict["best_central"]
        self.epochs = int(state_dict["epochs"])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        batches = int(trainer.num_training_batches)
        steps = -(-batches // trainer.accumulate_grad_batches)
        epochs, most_steps = trainer.max_epochs or 0, trainer.max_steps if trainer.max_steps > 0 else None
        event = Started(
            epochs=epochs if most_steps is None else min(epochs, -(-most_steps // max(steps, 1))),
            batches_per_epoch=batches,
            steps_per_epoch=steps,
            first_epoch=trainer.current_epoch,
            device=str(pl_module.device),
            first_step=trainer.global_step,
            most_steps=most_steps,
        )
        self._told = [time.monotonic()] * len(self.observers)
        self._last_step = trainer.global_step
        for observer in self.observers:
            observer.started(event)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._clock = time.monotonic()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        step = trainer.global_step
        told = self._due(step) if step != self._last_step else []
        if told and isinstance(pl_module, ForecastModule):
            event = Stepped(trainer.current_epoch, step, pl_module.train_losses.compute())
            for observer in told:
                observer.stepped(event)
        self._last_step = step

    def _due(self, step: int) -> list[TrainingObserver]:
        """Who hears of this step: all, or those who have heard nothing for too long."""
        now = time.monotonic()
        found = []
        for number, observer in enumerate(self.observers):
            if step % self.every == 0 or now - self._told[number] >= getattr(observer, "every_seconds", float("inf")):
                self._told[number] = now
                found.append(observer)
        return found

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking or not isinstance(pl_module, ForecastModule):
            return
        central = float(trainer.callback_metrics[CENTRAL])
        monitored = float(trainer.callback_metrics[pl_module.monitor])
        event = EpochEnded(
            epoch=trainer.current_epoch,
            step=trainer.global_step,
            seconds=time.monotonic() - self._clock,
            learning_rates={group["name"]: float(group["lr"]) for group in trainer.optimizers[0].param_groups},
            gradient_norms=pl_module.gradient_norms,
            train_losses=pl_module.train_losses.compute(),
            validation_losses=pl_module.validation.losses,
            val_central=central,
            monitor=pl_module.monitor,
            monitored=monitored,
            best=monitored < self.best,
            skipped_steps=pl_module.finite.skipped.total,
            last_skipped=pl_module.finite.skipped.last,
        )
        self.epochs = event.epoch + 1
        if event.best:
            self.best, self.best_central = monitored, central
        for observer in self.observers:
            observer.epoch_ended(event)
