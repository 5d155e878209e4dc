"""Loaders whose order is a function of seed and epoch, and which know where in an epoch they stand."""

from collections.abc import Iterator, Sized
from typing import Any

import torch
from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Sampler

from stq.models import stream_seed
from stq.tensors import Batch


class EpochOrder(Sampler[int]):
    """A permutation drawn from the seed and the epoch alone, from `start` samples in.

    Lightning calls `set_epoch`. A run that was stopped within an epoch sets `start` once, for its first epoch.
    """

    def __init__(self, data: Sized, seed: int) -> None:
        self.data = data
        self.seed = seed
        self.epoch = 0
        self.start = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the permutation of the coming epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(stream_seed(self.seed, f"order of epoch {self.epoch}"))
        order = torch.randperm(len(self.data), generator=generator).tolist()
        start, self.start = self.start, 0
        return iter(order[start:])

    def __len__(self) -> int:
        return len(self.data)


class Loaders(LightningDataModule):
    """Training windows in seeded order, validation windows in theirs.

    The last training batch may be short; nothing is dropped.
    """

    def __init__(
        self, train: Dataset[Batch], validation: Dataset[Batch], *, batch_size: int, workers: int, seed: int
    ) -> None:
        super().__init__()
        self.train = train
        self.validation = validation
        self.batch_size = batch_size
        self.workers = workers
        self.order = EpochOrder(sized(train), seed)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Batches in the order of the epoch."""
        return self._loader(self.train, self.order)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Batches in the order of time."""
        return self._loader(self.validation, None)

    def state_dict(self) -> dict[str, Any]:
        """How far the epoch under way has come, in samples: part of every checkpoint."""
        if self.trainer is None:
            return {"samples": 0}
        done = self.trainer.fit_loop.epoch_loop.batch_progress.current.completed
        return {"samples": done * self.batch_size if done < self.trainer.num_training_batches else 0}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there: the first epoch after a resume leaves out what was seen."""
        self.order.start = int(state_dict["samples"])

    def _loader(self, data: Dataset[Batch], order: Sampler[int] | None) -> DataLoader[Batch]:
        return DataLoader(
            data,
            batch_size=self.batch_size,
            sampler=order,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
        )


def sized(data: Dataset[Batch]) -> Sized:
    """The same data set, known to have a length."""
    if not isinstance(data, Sized):
        raise TypeError(f"{type(data).__name__} has no length")
    return data
