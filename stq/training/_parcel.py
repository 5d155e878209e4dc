"""A batch on its way out of a worker, in one piece."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod

import torch
from torch import Tensor

from stq.tensors import Batch

ALIGNED = 64
"""Bytes: each part begins where a vector of a processor may be read from, as torch's own memory does."""


@dataclass(frozen=True)
class Parcel:
    """The parts of a batch, one behind the other in a single tensor.

    A tensor that a worker hands over costs a file descriptor through a socket, which for small fields is dearer than to
    load them: eight parts cost more than the rest of a batch, one costs an eighth of that (`make bench-loading`).
    """

    buffer: Tensor
    places: tuple[tuple[int, torch.dtype, tuple[int, ...]], ...]
    """Of each part, where it begins in bytes, its type, its shape."""

    def opened(self) -> Batch:
        """The batch: its parts are views of the buffer, to the bit what torch's default collation makes."""
        return Batch(*(part_of(self.buffer, *place) for place in self.places))

    def pin_memory(self) -> "Parcel":
        """The same in memory that a GPU reads by itself; torch's loader calls this by name."""
        return Parcel(self.buffer.pin_memory(), self.places)


def parcel_of(samples: Sequence[Batch]) -> Parcel:
    """In place of the default collation, within a worker: the samples stacked in memory that processes share."""
    shapes = [(part.dtype, (len(samples), *part.shape)) for part in samples[0]]
    sizes = [-(-prod(shape) * dtype.itemsize // ALIGNED) * ALIGNED for dtype, shape in shapes]
    *starts, end = accumulate(sizes, initial=0)
    # As torch's own collation takes it, which annotates nothing here: so nothing is copied once more.
    shared = torch.UntypedStorage._new_shared(end)  # type: ignore[no-untyped-call]
    buffer = torch.empty(0, dtype=torch.uint8).set_(shared)
    places = tuple((start, *shape) for start, shape in zip(starts, shapes, strict=True))
    for number, place in enumerate(places):
        torch.stack([sample[number] for sample in samples], out=part_of(buffer, *place))
    return Parcel(buffer, places)


def part_of(buffer: Tensor, start: int, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    """A view of one part."""
    return buffer[start : start + prod(shape) * dtype.itemsize].view(dtype).view(shape)
