"""The series: every moving variable of the source on one grid and one time axis, in memory or where it lies."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xarray as xr
from jaxtyping import Float32, Float64

from stq.data._clock import on_the_clock
from stq.data._coarsen import coarsen_grid
from stq.data._even_steps import SparseFields, even_dates, gap_channel
from stq.data._field_store import FieldsInMemory, FieldStore, in_blocks
from stq.data._file_fields import FileFields
from stq.data._grid import Grid
from stq.data._naming import Naming
from stq.data._packed_store import is_store, open_store
from stq.data._part import Part, read_part
from stq.data._request import DataRequest
from stq.data._sources import list_sources
from stq.data._time_axis import TimeAxis, read_times
from stq.errors import DataError

MEMORY_BYTES = 2**30
"""Up to this size, `memory: auto` takes the series into memory."""


@dataclass(frozen=True, eq=False)
class Series:
    """Fields of N steps and V variables, in units; a missing value is NaN."""

    fields: FieldStore
    dates: xr.DataArray
    times: TimeAxis
    names: tuple[str, ...]
    units: tuple[str, ...]
    grid: Grid
    full_grid: Grid
    """The grid of the files, before coarsening."""
    notes: tuple[str, ...] = ()
    """What a person should know: rows and columns that coarsening leaves out."""
    maps: Mapping[str, Float32[np.ndarray, "Y X"]] = field(default_factory=dict)
    """Maps constant in time that came with the series (of a packed store), coarsened."""
    gaps: Float64[np.ndarray, " N"] | None = None
    """The logarithm of the time before each step, where steps are irregular."""
    naming: Naming = field(default_factory=Naming)
    operands: Mapping[str, str] = field(default_factory=dict)
    """Units of the file's variables that derived ones and the mask are computed from."""

    @property
    def values(self) -> Float32[np.ndarray, "N V Y X"]:
        """All of it at once."""
        return self.fields.read(np.arange(len(self.times)), self.fields.whole)


def read_series(request: DataRequest) -> Series:
    """Find the moving variables of all files, joined in time; read them if the series is to stand in memory.

    Raises:
        DataError: whatever makes a file unusable, or unlike the first one, naming file and variable.
    """
    if is_store(request.source):
        return _packed_series(request)
    parts = sorted(
        (read_part(path, request) for path in list_sources(request.source, request.reading, request.readers)),
        key=_start,
    )
    first = parts[0]
    for part in parts[1:]:
        _check_alike(first, part)
    where = ", ".join(str(part.path) for part in (parts if len(parts) <= 3 else (parts[0], parts[-1])))
    dates = on_the_clock(first.dates if len(parts) == 1 else xr.concat([part.dates for part in parts], dim="time"))
    fields = FileFields(parts, request.moving, request.coarsen)
    grid = coarsen_grid(first.grid, request.coarsen) if request.coarsen else first.grid
    found = _in_time(
        request, fields, dates, where, units=first.units, grid=grid, full_grid=first.grid, notes=first.notes
    )
    return replace(found, naming=first.naming, operands=first.operands)


def _packed_series(request: DataRequest) -> Series:
    path = Path(request.source[0]).expanduser()
    store = open_store(path)
    inside = {
        "mask": request.mask,
        "time": request.time,
        "derived": {d.name for d in request.derived} - set(store.names),
    }
    for key, asked in inside.items():
        if asked:
            raise DataError(f"{path}: a packed store keeps data.{key} as it was packed; leave it out, or pack again")
    for name in request.units:
        raise DataError(f"{path}: others were computed from '{name}' when this was packed: convert it, and pack again")
    if request.coarsen not in (None, store.coarsen):
        raise DataError(
            f"{path}: this store was packed in blocks of {store.coarsen[0]} x {store.coarsen[1]} cells, "
            f"and data.coarsen asks for {request.coarsen[0]} x {request.coarsen[1]}; pack the source again"
        )
    units = tuple(dict(zip(store.names, store.units, strict=True)).get(name, "") for name in request.moving)
    fields = store.fields(request.moving)
    found = _in_time(request, fields, store.dates, str(path), units=units, grid=store.grid, full_grid=store.grid)
    return replace(found, maps=store.maps, naming=store.naming, operands=store.operands)


def _in_time(
    request: DataRequest,
    fields: FieldStore,
    dates: xr.DataArray,
    where: str,
    *,
    units: tuple[str, ...],
    grid: Grid,
    full_grid: Grid,
    notes: tuple[str, ...] = (),
) -> Series:
    """Put the fields on the time axis that is asked for, and into memory where they are to stand there."""
    if request.step is not None:
        even = even_dates(dates, request.step, where)
        dates, notes = even.dates, (*notes, *even.notes)
        if even.notes:
            fields = SparseFields(fields, even.frames)
    irregular = request.irregular == "index"
    return Series(
        times=read_times(dates, where, even=not irregular),
        fields=settled(fields, request.memory),
        dates=dates,
        names=request.moving,
        units=units,
        grid=grid,
        full_grid=full_grid,
        notes=notes,
        gaps=gap_channel(dates) if irregular else None,
    )


def settled(fields: FieldStore, memory: str | int) -> FieldStore:
    """The same fields in memory, if `memory` says so: `auto`, `lazy`, `all`, or up to so many bytes."""
    limits = {"auto": float(MEMORY_BYTES), "lazy": -1.0, "all": float("inf")}
    limit = limits[memory] if isinstance(memory, str) else float(memory)
    if 4 * np.prod(fields.shape, dtype=np.float64) > limit:
        return fields
    values = np.empty(fields.shape, dtype=np.float32)
    steps = np.arange(len(values))
    for block in in_blocks(fields, steps, values.shape[1]):
        values[block] = fields.read(steps[block], fields.whole)
    fields.close()
    return FieldsInMemory(values, fields.stored_scan(), str(fields))


def _start(part: Part) -> tuple[int, ...]:
    first = part.dates[:1].dt
    return tuple(int(getattr(first, name)[0]) for name in ("year", "month", "day", "hour", "minute", "second"))


def _check_alike(first: Part, other: Part) -> None:
    difference = first.grid.difference(other.grid)
    if difference is not None:
        raise DataError(f"{other.path}: stands on another grid than {first.path}: {difference}")
    if first.units != other.units:
        raise DataError(f"{other.path}: the units are {other.units}, those of {first.path} {first.units}")
    for name, unit in first.operands.items():
        if other.operands[name] != unit:
            raise DataError(
                f"{other.path}: variable '{name}', from which others are computed, is in '{other.operands[name]}', and "
                f"in '{unit}' in {first.path}"
            )
    if first.dates.dt.calendar != other.dates.dt.calendar:
        raise DataError(
            f"{other.path}: the calendar is {other.dates.dt.calendar}, that of {first.path} {first.dates.dt.calendar}"
        )
