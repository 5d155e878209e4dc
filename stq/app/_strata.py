"""Parts of the targets that are calibrated, or scored, apart: months, seasons, and the strata of a map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from stq.app._data import readers_for, request_of
from stq.app._run_folder import RunFolder
from stq.data import ForecastData, ForecastInputs, StaticMap, StrataMap, read_strata
from stq.errors import SpecError, UsageError
from stq.spec import LoadedSpec
from stq.tensors import Batch

Kind = Literal["month", "season", "stratum"]
KINDS: tuple[Kind, ...] = ("month", "season", "stratum")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SEASONS = ("DJF", "MAM", "JJA", "SON")


@dataclass(frozen=True, eq=False)
class Stratification:
    """Which of `names` each target belongs to: by the time that it is of, by its place, or by both."""

    kind: str
    names: tuple[str, ...]
    horizons: tuple[int, ...]
    by_step: Int64[np.ndarray, " N"]
    """The group of each step of the series; 0 throughout where time doesn't matter."""
    by_cell: Int64[np.ndarray, "Y X"]
    """What to add to it at each cell; -1 where the cell is in none."""

    def index(self, batch: Batch) -> Int64[Tensor, "B H Y X"]:
        """The group of every target of a batch of whole fields, -1 where it is in none.

        Raises UsageError for patches, of which it isn't known where in the field they lie.
        """
        if tuple(batch.valid.shape[-2:]) != self.by_cell.shape:
            raise UsageError(f"targets can't be told apart by {self.kind} in patches of a field: choose another split")
        found = [self.at(step, slice(None)) for step in batch.time.tolist()]
        return torch.stack(found).to(batch.valid.device)

    def at(self, step: int, rows: slice) -> Int64[Tensor, "H y X"]:
        """The same for one forecast, issued at a step of the series, on some rows."""
        in_time = torch.from_numpy(self.by_step[step + np.array(self.horizons)])[:, None, None]
        in_space = torch.from_numpy(self.by_cell[rows])
        return torch.where(in_space < 0, -1, in_time + in_space)


def stratification(
    data: ForecastData | ForecastInputs, kind: Kind, loaded: LoadedSpec, *, run: RunFolder | None = None
) -> Stratification:
    """The months or seasons of the times that targets are of, or the strata of the map that the spec names.

    A finished `run` keeps that map: it is read from there, if it is there.

    Raises:
        SpecError: `stratum` without `strata` in the spec.
        DataError: a map that can't be used.
        CheckFailed: the map in the run is damaged.
    """
    labels = data.times if isinstance(data, ForecastData) else data.series.times.labels
    if kind == "stratum":
        kept = run is not None and run.strata.is_file()
        found = StrataMap.from_file(run.strata) if run is not None and kept else strata_of(loaded)
        return Stratification(kind, found.names, data.horizons, np.zeros(len(labels), dtype=np.int64), found.index)
    months = np.array([int(label.partition("T")[0].split("-")[-2]) for label in labels], dtype=np.int64)
    whole = np.zeros(data.size, dtype=np.int64)
    if kind == "month":
        return Stratification(kind, MONTHS, data.horizons, months - 1, whole)
    return Stratification(kind, SEASONS, data.horizons, months % 12 // 3, whole)


def strata_of(loaded: LoadedSpec) -> StrataMap:
    """The map that the spec names, from the data."""
    strata = loaded.spec.strata
    if strata is None:
        hint = "name one in the spec, as strata: NAME, or strata: {variable: NAME, file: PATH}"
        raise SpecError([loaded.problem((), "strata of the field are asked for, and the spec names no map", hint)])
    readers = readers_for(loaded.spec.data, loaded.plugin_files)
    file = None if strata.file is None else str(strata.file)
    return read_strata(request_of(loaded.spec.data, readers), StaticMap(strata.variable, file))


def combined(parts: Sequence[Stratification]) -> Stratification:
    """All pairs (triples ...) of groups of several stratifications of the same data: seasons of each stratum, say."""
    whole = parts[0]
    for part in parts[1:]:
        count = len(part.names)
        nowhere = (whole.by_cell < 0) | (part.by_cell < 0)
        whole = Stratification(
            kind=f"{whole.kind}, {part.kind}",
            names=tuple(f"{one}, {other}" for one in whole.names for other in part.names),
            horizons=whole.horizons,
            by_step=whole.by_step * count + part.by_step,
            by_cell=np.where(nowhere, -1, whole.by_cell * count + part.by_cell),
        )
    return whole
