"""What stq sees in a file, before there is a spec."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import xarray as xr

from stq.data._axes import Axes, find_axes, is_dated
from stq.data._clock import on_the_clock
from stq.data._grid import Grid, read_grid
from stq.data._open_source import open_source
from stq.data._source_file import SourceFile
from stq.data._time_axis import TimeAxis, read_times
from stq.errors import DataError

_READ_AT_ONCE = 2**22
_READ_IN_ALL = 2**25
"""Cells of one variable that are looked at, at a time and in all: 32 MB and 256 MB in double precision."""


@dataclass(frozen=True)
class TimeSummary:
    """The dates of a series; `step` in words, empty where they are not even, for the reason in `problem`."""

    axis: str
    calendar: str
    first: str
    last: str
    count: int
    step: str
    problem: str


@dataclass(frozen=True)
class VariableSummary:
    """One variable. `missing` is a share; it, `minimum` and `maximum` are those of the `seen` cells of all `cells`.

    `problem` says why it can't be used, empty where it can.
    """

    name: str
    dims: tuple[str, ...]
    units: str
    dtype: str
    moving: bool
    cells: int
    seen: int
    missing: float
    minimum: float | None
    maximum: float | None
    problem: str


@dataclass(frozen=True)
class Inspection:
    """A file, or the first of several. `time` is None where nothing in it has dates."""

    path: str
    files: int
    reader: str
    dims: dict[str, int]
    axes: dict[str, str]
    geographic: bool
    latitude: tuple[float, float] | None
    longitude: tuple[float, float] | None
    time: TimeSummary | None
    variables: tuple[VariableSummary, ...]

    @property
    def moving(self) -> tuple[str, ...]:
        """Usable variables that change in time, and hold more than one value."""
        return tuple(v.name for v in self.variables if v.moving and not v.problem)

    @property
    def maps(self) -> tuple[str, ...]:
        """Usable maps."""
        return tuple(v.name for v in self.variables if not v.moving and not v.problem)


def inspect_sources(files: tuple[SourceFile, ...]) -> Inspection:
    """Look at the first file, at a bounded number of its cells, and at the dates of all.

    Raises:
        DataError: a file can't be opened. What is wrong with one variable, or with the dates, is part of the answer.
    """
    first = files[0]
    with open_source(first) as dataset:
        found = {str(name): _placed(field, first) for name, field in dataset.data_vars.items()}
        usable = [(axes, grid) for axes, grid, _ in found.values() if axes is not None and grid is not None]
        moving = [axes for axes, _ in usable if axes.time is not None]
        axes, grid = next(((a, g) for a, g in usable if a.time is not None), usable[0] if usable else (None, None))
        summaries = tuple(_summary(dataset[name], first, *place) for name, place in found.items())
        return Inspection(
            path=str(first),
            files=len(files),
            reader=first.reader.name,
            dims={str(name): int(size) for name, size in dataset.sizes.items()},
            axes={} if axes is None else {k: v for k, v in vars(axes).items() if v is not None},
            geographic=grid is not None and grid.geographic,
            latitude=_extent(None if grid is None else grid.lat),
            longitude=_extent(None if grid is None else grid.lon),
            time=_dates(files, moving[0].time) if moving and moving[0].time else None,
            variables=summaries,
        )


def _placed(field: xr.DataArray, file: SourceFile) -> tuple[Axes | None, Grid | None, str]:
    if not (np.issubdtype(field.dtype, np.number) or field.dtype == bool) or np.iscomplexobj(field):
        return None, None, f"holds {field.dtype}, not numbers"
    try:
        axes = find_axes(field, file.reading.dims, file)
        return axes, read_grid(field, axes, f"{file}: variable '{field.name}'"), ""
    except DataError as error:
        return None, None, _without(str(error), file, field)


def _without(message: str, file: SourceFile, field: xr.DataArray) -> str:
    """The message without what the table says already."""
    return message.removeprefix(f"{file}: ").removeprefix(f"variable '{field.name}' ")


def _summary(
    field: xr.DataArray, file: SourceFile, axes: Axes | None, grid: Grid | None, problem: str
) -> VariableSummary:
    seen = missing = 0
    low, high = np.inf, -np.inf
    infinite = False
    if axes is not None and field.size:
        try:
            for piece in _pieces(field, axes):
                values = piece.astype(np.float32)
                known = values[np.isfinite(values)]
                infinite |= bool(np.isinf(values).any())
                seen += values.size
                missing += values.size - known.size
                low, high = min(low, known.min(initial=np.inf)), max(high, known.max(initial=-np.inf))
        except (OSError, RuntimeError, ValueError, DataError) as error:
            problem = f"can't be read, the file is damaged: {_without(str(error), file, field)}"
    if not problem and not field.size:
        problem = "is empty"
    elif not problem and infinite:
        problem = "holds infinite values"
    elif not problem and missing == seen:
        problem = "holds no value" if seen == field.size else "holds no value where it was looked at"
    elif not problem and low == high and seen == field.size:
        problem = f"is {low:.6g} everywhere"
    return VariableSummary(
        name=str(field.name),
        dims=tuple(map(str, field.dims)),
        units=str(field.attrs.get("units", "")),
        dtype=str(field.encoding.get("dtype", field.dtype)),
        moving=axes is not None and axes.time is not None,
        cells=int(field.size),
        seen=seen,
        missing=missing / seen if seen else 0.0,
        minimum=float(low) if low <= high else None,
        maximum=float(high) if low <= high else None,
        problem=problem,
    )


def _pieces(field: xr.DataArray, axes: Axes) -> Iterator[np.ndarray]:
    """All of a variable in pieces, or an even sample of them: bands of rows of steps."""
    rows = field.sizes[axes.y]
    frame = max(1, field.size // (field.sizes[axes.time] if axes.time else 1))
    band = max(1, min(rows, _READ_AT_ONCE * rows // frame))
    bands = [slice(row, row + band) for row in range(0, rows, band)]
    steps = max(1, min(field.sizes[axes.time], _READ_AT_ONCE // frame)) if axes.time else 1
    spans = [slice(at, at + steps) for at in range(0, field.sizes[axes.time], steps)] if axes.time else [slice(None)]
    pieces = [(span, band) for span in spans for band in bands]
    most = max(1, int(_READ_IN_ALL // (steps * max(1, frame * band // rows))))
    chosen = pieces if len(pieces) <= most else [pieces[i] for i in np.linspace(0, len(pieces) - 1, most).astype(int)]
    for span, band_ in chosen:
        yield field.isel({axes.y: band_, **({axes.time: span} if axes.time else {})}).values


def _dates(files: tuple[SourceFile, ...], axis: str) -> TimeSummary | None:
    found = []
    for file in files:
        with open_source(file) as dataset:
            if axis not in dataset.coords or not is_dated(dataset[axis]):
                return None
            found.append(xr.DataArray(dataset[axis].values, dims="time", name=axis))
    try:
        found.sort(key=lambda dates: dates.values[0])
        dates = on_the_clock(found[0] if len(found) == 1 else xr.concat(found, dim="time"))
    except TypeError:
        calendars = ", ".join(sorted({str(dates.dt.calendar) for dates in found}))
        return TimeSummary(axis, calendars, "", "", 0, "", "the files are in different calendars")
    calendar, first, last = str(dates.dt.calendar), *(str(dates.values[at])[:19] for at in (0, -1))
    try:
        times = read_times(dates, files[0].address)
    except DataError as error:
        problem = str(error).removeprefix(f"{files[0].address}: ")
        return TimeSummary(axis, calendar, first, last, len(dates), "", problem)
    return TimeSummary(axis, calendar, times.labels[0], times.labels[-1], len(times), _step(times, dates), "")


def _step(times: TimeAxis, dates: xr.DataArray) -> str:
    """The even step as `data.time.step` is written."""
    months = np.diff(times.parts[:, 0] * 12 + times.parts[:, 1])
    if not len(months):
        return ""
    if months[0] > 0 and (months == months[0]).all():
        return f"{months[0]} month" + ("s" if months[0] > 1 else "")
    change = dates.values[1] - dates.values[0]
    one = np.timedelta64(1, "s") if isinstance(change, np.timedelta64) else timedelta(seconds=1)
    seconds = round(change / one, 3)
    for unit, length in (("D", 86400), ("h", 3600), ("min", 60)):
        if seconds % length == 0:
            return f"{int(seconds // length)}{unit}"
    return f"{seconds:g}s"


def _extent(positions: np.ndarray | None) -> tuple[float, float] | None:
    return None if positions is None else (float(positions.min()), float(positions.max()))
