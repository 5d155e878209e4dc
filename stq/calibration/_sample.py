"""The conformity scores behind one correction."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from stq.calibration._quantile_sketch import QuantileSketch


@dataclass
class Sample:
    """A sketch for each band, how many cells they hold, and the times that the truth is of: the frames."""

    sketches: tuple[QuantileSketch, ...]
    cells: int = 0
    frames: set[int] = field(default_factory=set)

    @classmethod
    def empty(cls, bands: int, capacity: int) -> "Sample":
        """Of nothing yet."""
        return cls(tuple(QuantileSketch(capacity) for _ in range(bands)))

    def add(self, scores: Sequence[Tensor], weights: Tensor, frames: Tensor) -> None:
        """The scores of each band at some cells, the cells' weights, and the time that each is of."""
        for sketch, values in zip(self.sketches, scores, strict=True):
            sketch.update(values, weights)
        self.cells += len(weights)
        self.frames |= set(torch.unique(frames).tolist())

    def merge(self, other: "Sample") -> None:
        """Take in another sample, which stays as it is."""
        for mine, theirs in zip(self.sketches, other.sketches, strict=True):
            mine.merge(theirs)
        self.cells += other.cells
        self.frames |= other.frames
