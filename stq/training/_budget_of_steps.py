"""A budget of steps, `trainer.max_steps`: how it ends within an epoch, and how a run goes on with one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loops.loop import _Loop


class BudgetOfSteps(Callback):
    """Lets a run whose budget ends within an epoch end with a validation all the same, and one go on after an epoch.

    With such a budget Lightning takes each checkpoint for one from within an epoch: gone on from the end of one, it
    would end that epoch again, without a validation. It has to come before the callbacks that ask for the epoch.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        loop = trainer.fit_loop
        if loop.restarted_on_epoch_end:
            _Loop.restarting.fset(loop, False)  # type: ignore[attr-defined]  # its own setter puts it back
            loop.reset_restart_stage()
            loop.epoch_progress.increment_completed()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if trainer.global_step == trainer.max_steps:
            trainer.should_stop = True  # Lightning validates before it stops


@contextmanager
def as_it_stands(trainer: Trainer) -> Iterator[None]:
    """Count an epoch that the budget has cut short as under way: Lightning counts it as done by then, and a run that is
    given more steps would be an epoch ahead of its batches."""
    epochs, batches = trainer.fit_loop.epoch_progress, trainer.fit_loop.epoch_loop.batch_progress
    counts: tuple[Any, ...] = (epochs.total, epochs.current)
    cut = batches.current.ready < trainer.num_training_batches
    for count in counts:
        count.processed -= cut
    yield
    for count in counts:
        count.processed += cut
