"""What normalisation knows of one variable, from passes over its frames in blocks: memory does not grow with time."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum, prod, sqrt

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from stq.data._climatology import CellMeans
from stq.data._field_store import FieldStore, in_blocks
from stq.data._request import Normalise
from stq.data._tiles import Tile
from stq.data._transform import transform

_FLOOR = 1e-6  # of a variable's size: what single precision can't tell from a constant
_BAND_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Frames:
    """The frames of one variable at some steps, transformed."""

    fields: FieldStore
    steps: Int64[np.ndarray, " n"]
    variable: int
    name: str
    transform: str

    def blocks(self, rows: slice) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Positions in `steps`, and there the values in double precision (0 where missing) and which are valid."""
        band = Tile(rows, self.fields.whole.columns)
        for block in in_blocks(self.fields, self.steps, 1, rows.stop - rows.start):
            values = self.fields.read(self.steps[block], band, slice(self.variable, self.variable + 1))
            field = transform(values, (self.transform,), (self.name,))[:, 0]
            valid = np.isfinite(field)
            yield block, np.where(valid, field, 0).astype(np.float64), valid


@dataclass(frozen=True)
class FittedVariable:
    """What is fitted of one variable; `constant` where it does not vary beyond its centre (its deviation is 1)."""

    climatology: Float32[np.ndarray, "P Y X"]
    mean: float
    deviation: float
    step: float
    constant: bool
    known: Bool[np.ndarray, "Y X"]
    """Cells with any valid value."""


def fit_variable(frames: Frames, phases: Int64[np.ndarray, " n"], count: int, normalise: Normalise) -> FittedVariable:
    """Climatology, mean, deviation and one-step change; at least one value must be valid.

    Sums over cells are taken step by step and added up exactly, so that blocks do not matter. Large fields are taken in
    bands of rows.
    """
    _, _, height, width = frames.fields.shape
    climatology = np.empty((count, height, width), dtype=np.float32)
    seen, elsewhere = np.zeros((height, width), dtype=bool), []
    size, spread = _Sums(len(frames.steps)), _Sums(len(frames.steps))
    band = max(1, _BAND_BYTES // (16 * count * width))
    bands = [slice(row, min(row + band, height)) for row in range(0, height, band)]
    for rows in bands:
        means = CellMeans(count, (rows.stop - rows.start, width))
        for block, known, valid in frames.blocks(rows):
            size.add(block, known, valid)
            means.add(known, valid, phases[block])
        maps, seen[rows] = means.maps()
        climatology[:, rows] = maps
        elsewhere.append((maps[:, seen[rows]].sum(axis=1), int(seen[rows].sum())))
        if normalise == "anomaly":
            spread.add_differences(frames, rows, maps, phases)
    total, cells = sum(part for part, _ in elsewhere), sum(number for _, number in elsewhere)
    climatology[:, ~seen] = (total / cells)[:, None]
    mean = size.mean if normalise == "standard" else 0.0
    if normalise != "anomaly":
        for rows in bands:
            flat = np.full((count, rows.stop - rows.start, width), mean)
            spread.add_differences(frames, rows, flat, phases)
    floor = _FLOOR * size.root_mean_square
    constant = spread.root_mean_square <= floor or (not np.ptp(climatology) and spread.change <= floor)
    deviation = 1.0 if constant or normalise == "none" else spread.root_mean_square
    step = spread.change if spread.change > floor else deviation
    return FittedVariable(climatology, mean, deviation, step, constant, seen)


class _Sums:
    """Sums over the cells of each step: of the values, of their squares and of the squares of their changes."""

    def __init__(self, steps: int) -> None:
        self._values, self._squares, self._changes = np.zeros(steps), np.zeros(steps), np.zeros(steps)
        self._valid, self._pairs = np.zeros(steps), np.zeros(steps)

    @property
    def mean(self) -> float:
        return fsum(self._values) / fsum(self._valid)

    @property
    def root_mean_square(self) -> float:
        return sqrt(fsum(self._squares) / max(fsum(self._valid), 1))

    @property
    def change(self) -> float:
        return sqrt(fsum(self._changes) / max(fsum(self._pairs), 1))

    def add(self, block: slice, known: Float64[np.ndarray, "n y x"], valid: Bool[np.ndarray, "n y x"]) -> None:
        self._values[block] += _by_step(known)
        self._squares[block] += _by_step(np.square(known))
        self._valid[block] += _by_step(valid)

    def add_differences(
        self,
        frames: Frames,
        rows: slice,
        centre: Float64[np.ndarray, "P y x"],
        phases: Int64[np.ndarray, " n"],
    ) -> None:
        """Another pass over a band: departures from `centre`, and their changes from step to step."""
        before: tuple[np.ndarray, np.ndarray] | None = None
        for block, known, valid in frames.blocks(rows):
            known -= centre[phases[block]]
            known[~valid] = 0
            self.add(block, known, valid)
            if before is not None:
                known, valid = np.concatenate([before[0], known]), np.concatenate([before[1], valid])
            both = valid[1:] & valid[:-1]
            change = np.where(both, np.diff(known, axis=0), 0)
            ends = slice(block.stop - len(change), block.stop)
            self._changes[ends] += _by_step(np.square(change))
            self._pairs[ends] += _by_step(both)
            before = known[-1:].copy(), valid[-1:].copy()


def _by_step(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.reshape(len(values), prod(values.shape[1:])).sum(axis=1))
