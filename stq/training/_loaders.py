"""Loaders whose order is a function of seed and epoch, and which know where in an epoch they stand."""

import signal
from types import FrameType
from typing import Any

from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Sampler

from stq.errors import SIGNALS
from stq.tensors import Batch
from stq.training._parcel import parcel_of
from stq.training._restarting_loader import RestartingLoader
from stq.training._shards import EpochOrder, TrainingBatches, TurnsOfBatches, WithGhosts, sized


class Loaders(LightningDataModule):
    """Training windows in seeded order, validation windows in theirs; shared among the processes of the trainer.

    The batch sizes are those of one process. The last training batch may be short; nothing is dropped.
    """

    def __init__(
        self,
        train: Dataset[Batch],
        validation: Dataset[Batch],
        *,
        batch_size: int,
        validation_batch_size: int,
        workers: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.train = train
        self.validation = validation
        self.batch_size = batch_size
        self.validation_batch_size = validation_batch_size
        self.workers = workers
        self.order = EpochOrder(sized(train), seed)

    def train_dataloader(self) -> DataLoader[Batch]:
        """This process's part of the batches in the order of the epoch."""
        rank, size = self._place()
        return self._loader(self.train, TrainingBatches(self.order, self.batch_size, rank, size))

    def val_dataloader(self) -> DataLoader[Batch]:
        """Every so many-th of the batches in the order of time."""
        rank, size = self._place()
        batches = TurnsOfBatches(len(sized(self.validation)), self.validation_batch_size, rank, size, level=True)
        return self._loader(self.validation, batches)

    def state_dict(self) -> dict[str, Any]:
        """The epoch that the next batch is of, and the samples of all processes that came before: part of every
        checkpoint.
        """
        if self.trainer is None:
            return {"epoch": 0, "samples": 0}
        epoch, done = self.trainer.current_epoch, self.trainer.fit_loop.epoch_loop.batch_progress.current.completed
        if done >= self.trainer.num_training_batches:
            return {"epoch": epoch + 1, "samples": 0}
        _, size = self._place()
        return {"epoch": epoch, "samples": done * self.batch_size * size}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there: the first epoch after a resume leaves out what was seen."""
        self.order.first, self.order.start = int(state_dict["epoch"]), int(state_dict["samples"])

    def _place(self) -> tuple[int, int]:
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)

    def _loader(self, data: Dataset[Batch], batches: Sampler[list[int]]) -> DataLoader[Batch]:
        return RestartingLoader(
            WithGhosts(data),
            batches,
            self.workers,
            worker_init_fn=outlive_signals,
            collate_fn=parcel_of if self.workers else None,
            pin_memory=self._on_cuda(),
        )

    def _on_cuda(self) -> bool:
        """Whether batches go to a GPU, which copies them beside its work from pinned memory alone."""
        return self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"


def outlive_signals(worker: int) -> None:
    """In a worker: leave signals to the process that it works for.

    Ctrl-C and Slurm signal all processes of a run alike. The one that trains needs its workers until the step is done;
    it then tells them to end, and those that don't it sends a SIGTERM, and at its exit another.
    """
    for number in set(SIGNALS) - {signal.SIGTERM}:
        signal.signal(number, signal.SIG_IGN)

    def once(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, once)
