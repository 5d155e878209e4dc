"""A signal ends training at the next step, after its state is saved."""

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from stq.errors import Stopped
from stq.training._forecast_module import ForecastModule
from stq.training._global_batch import stacked

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


class StopOnSignal(Callback):
    """The first signal asks for a stop; a second one of the same kind acts as if stq had never listened.

    A signal that the process was started to ignore (SIGHUP under nohup) stays ignored.

    Several processes stop together: what one has received travels with the exchange of the next micro-batch, and all
    stop before the one that follows.
    """

    def __init__(self, save: Callable[[Trainer], Path] | None) -> None:
        self.save = save
        self.received: int | None = None
        self._former: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        for number in SIGNALS:
            if signal.getsignal(number) == signal.SIG_IGN:
                continue
            self._former[number] = signal.signal(number, self._note)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        # Not at the end of the batch before: Lightning counts a batch as completed only after that hook. And not among
        # batches that accumulate: no checkpoint holds their gradients.
        known = self.received or 0
        if trainer.world_size > 1 and isinstance(pl_module, ForecastModule):
            known, pl_module.signal = pl_module.heard, known
        if known and batch_idx % trainer.accumulate_grad_batches == 0:
            self._stop(trainer, known)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.restore()
        known = self.received or 0
        if trainer.world_size > 1:
            known = int(stacked(torch.tensor(known, device=pl_module.device)).max())
        if known:
            self._stop(trainer, known)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self.restore()

    def restore(self) -> None:
        """Give the signals back to whoever had them."""
        while self._former:
            number, former = self._former.popitem()
            signal.signal(number, former)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        signal.signal(number, self._former.get(number, signal.SIG_DFL))

    def _stop(self, trainer: Trainer, number: int) -> None:
        name = signal.Signals(number).name
        saved = "nothing was to be saved"
        if self.save is not None:
            saved = f"saved in {self.save(trainer).parent}; continue with --resume"
        raise Stopped(number, f"stopped by {name} at step {trainer.global_step}; {saved}")
