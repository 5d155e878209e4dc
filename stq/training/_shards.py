"""Which samples a process takes of each batch, so that all take equally many batches and none counts twice."""

from collections.abc import Iterator, Sequence, Sized
from typing import TypeVar

import torch
from torch.utils.data import Dataset, Sampler

from stq.models import stream_seed
from stq.tensors import Batch

T = TypeVar("T")


class EpochOrder(Sampler[int]):
    """A permutation drawn from the seed and the epoch alone, from `start` samples in.

    Lightning calls `set_epoch`. A run that was stopped within an epoch sets `start` once, for its first epoch, and that
    epoch as `first`: a loader with workers takes samples before Lightning knows which epoch the run goes on with, and
    says 0.
    """

    def __init__(self, data: Sized, seed: int) -> None:
        self.data = data
        self.seed = seed
        self.epoch = 0
        self.first = 0
        self.start = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the permutation of the coming epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        epoch = max(self.epoch, self.first)
        generator = torch.Generator().manual_seed(stream_seed(self.seed, f"order of epoch {epoch}"))
        order = torch.randperm(len(self.data), generator=generator).tolist()
        start, self.start = self.start, 0
        return iter(order[start:])

    def __len__(self) -> int:
        return len(self.data)


class TrainingBatches(Sampler[list[int]]):
    """The part of one process of every global batch, which is `size` times `batch_size` samples of `sampler`.

    The parts, by rank, stand one behind the other in the global batch. A short last one is cut evenly. Where it has
    fewer samples than there are processes, some get a ghost (see `WithGhosts`).
    """

    def __init__(self, sampler: EpochOrder, batch_size: int, rank: int, size: int) -> None:
        self.sampler = sampler
        self.batch_size = batch_size
        self.rank = rank
        self.size = size

    def __iter__(self) -> Iterator[list[int]]:
        for whole in cut(list(self.sampler), self.batch_size * self.size):
            first, end = (len(whole) * rank // self.size for rank in (self.rank, self.rank + 1))
            yield list(whole[first:end]) or [ghost_of(whole[0])]

    def __len__(self) -> int:
        return -(-len(self.sampler) // (self.batch_size * self.size))


class TurnsOfBatches(Sampler[list[int]]):
    """Every `size`-th batch of `batch_size` samples in their order, from that of number `rank` on.

    So every batch is one that a single process would take, and gives the same bits. With `level`, all processes take
    equally many: those without a batch of their own at the end take a ghost.
    """

    def __init__(self, samples: int, batch_size: int, rank: int, size: int, *, level: bool) -> None:
        self.batches = cut(range(samples), batch_size)
        self.rank = rank
        self.size = size
        self.level = level

    def __iter__(self) -> Iterator[list[int]]:
        mine = self.batches[self.rank :: self.size]
        yield from map(list, mine)
        if self.level and self.batches:
            yield from [[ghost_of(0)]] * (len(self) - len(mine))

    def __len__(self) -> int:
        if self.level:
            return -(-len(self.batches) // self.size)
        return len(self.batches[self.rank :: self.size])


class WithGhosts(Dataset[Batch]):
    """The samples of `data`, and for an index below zero a ghost: the sample of `ghost_of` it, and nothing valid in it.

    A process without a sample steps with it all the same, so that none waits for another, and it counts nothing: every
    loss is 0 where nothing is valid.
    """

    def __init__(self, data: Dataset[Batch]) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(sized(self.data))

    def __getitem__(self, index: int) -> Batch:
        if index >= 0:
            return self.data[index]
        sample = self.data[ghost_of(index)]
        return sample._replace(valid=torch.zeros_like(sample.valid))


def ghost_of(index: int) -> int:
    """The index of the ghost of a sample, and back."""
    return -1 - index


def cut(samples: Sequence[T], size: int) -> list[Sequence[T]]:
    """Pieces of `size` samples, the last as long as it comes."""
    return [samples[first : first + size] for first in range(0, len(samples), size)]


def sized(data: Dataset[Batch]) -> Sized:
    """The same data set, known to have a length."""
    if not isinstance(data, Sized):
        raise TypeError(f"{type(data).__name__} has no length")
    return data
