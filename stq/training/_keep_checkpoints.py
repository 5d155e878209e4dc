"""Writes the checkpoints of a run, after validations and where a signal asks for it."""

from pathlib import Path
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint

from stq.training._budget_of_steps import as_it_stands
from stq.training._checkpoint_store import CheckpointStore, Kind


class KeepCheckpoints(Checkpoint):
    """A `step-` checkpoint after every validation, and before it a `best-` one where `monitor` is the least so far.

    Lightning runs it after all other callbacks. Its state holds the least value and no path, so that a run may move.
    """

    def __init__(self, folder: Path, monitor: str) -> None:
        self.store = CheckpointStore(folder)
        self.monitor = monitor
        self.least = float("inf")

    def state_dict(self) -> dict[str, Any]:
        return {"least": self.least}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.least = float(state_dict["least"])

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Not at the end of the validation: a run that goes on from there would stop early without a validation.
        value = float(trainer.callback_metrics[self.monitor])
        with as_it_stands(trainer):
            if value < self.least:
                self.least = value
                self.save(trainer, "best")
            self.save(trainer, "step")

    def save(self, trainer: Trainer, kind: Kind = "step") -> Path:
        """Write one, and remove those that it makes superfluous. Every process has to come; the leading one writes."""
        state = self.store.place(kind, trainer.global_step)
        trainer.save_checkpoint(state)
        if trainer.is_global_zero:
            self.store.settle(state, kind)
        return state
