"""Dates that are not even: onto an even axis with missing frames, or as they are with the gaps told to the network."""

import re
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float32, Float64, Int64

from stq.data._field_store import FieldsOver, FieldStore
from stq.data._request import RegularStep
from stq.data._seconds import seconds_from_first
from stq.data._tiles import Tile
from stq.errors import DataError

STEP = re.compile(r"(\d+)\s*(min|h|D|d|month|year)s?")
_SECONDS = {"min": 60.0, "h": 3600.0, "d": 86400.0}
_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True, eq=False)
class EvenDates:
    """An even time axis, and for each of its steps the frame of the source that stands there; -1 for none."""

    dates: xr.DataArray
    frames: Int64[np.ndarray, " N"]

    @property
    def notes(self) -> tuple[str, ...]:
        """How many frames are missing."""
        missing = int((self.frames < 0).sum())
        return (f"{missing} of {len(self.frames)} frames are missing from the even time axis",) if missing else ()


def even_dates(dates: xr.DataArray, step: RegularStep, where: str) -> EvenDates:
    """Put ascending dates on the even axis that begins at the first of them.

    Raises:
        DataError: dates that do not ascend, a date further from its place than the tolerance, two in one place.
    """
    match = STEP.fullmatch(step.every)
    if match is None or not int(match[1]):
        raise DataError(f"data.step is '{step.every}', where a step such as 1D, 6h, 15min or 1month is expected")
    count, unit = int(match[1]), match[2].lower()
    parts = {name: getattr(dates.dt, name).values.astype(np.int64) for name in ("year", "month", "day")}
    if unit in _MONTHS:
        months = parts["year"] * 12 + parts["month"] - 1
        places = (months - months[0]) / (count * _MONTHS[unit])
    else:
        places = seconds_from_first(dates) / (count * _SECONDS[unit])
    nearest = np.rint(places).astype(np.int64)
    off = np.abs(places - nearest) > step.tolerance
    for at in np.flatnonzero(off)[:1].tolist():
        raise DataError(
            f"{where}: the date {_label(dates, at)} stands {abs(places[at] - nearest[at]):.2g} steps of {step.every} "
            f"off the even axis from {_label(dates, 0)} (data.step allows {step.tolerance:g}); "
            f"give another step, or data.irregular: index"
        )
    for at in np.flatnonzero(np.diff(nearest) <= 0)[:1].tolist():
        raise DataError(
            f"{where}: from {_label(dates, at)} to {_label(dates, at + 1)} it is not a step of {step.every} (data.step)"
        )
    frames = np.full(nearest[-1] + 1, -1, dtype=np.int64)
    frames[nearest] = np.arange(len(nearest))
    length = None if unit in _MONTHS else count * _SECONDS[unit]
    return EvenDates(_axis(dates, frames, count * _MONTHS.get(unit, 0), length), frames)


class SparseFields(FieldsOver):
    """Fields on an even axis: a step without a frame in the source is missing as a whole."""

    def __init__(self, fields: FieldStore, frames: Int64[np.ndarray, " N"]) -> None:
        super().__init__(fields)
        self._frames = frames

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self._frames), *self._fields.shape[1:]

    def read(
        self, steps: Int64[np.ndarray, " n"], tile: Tile, variables: slice = slice(None)
    ) -> Float32[np.ndarray, "n v y x"]:
        frames = self._frames[steps]
        there = frames >= 0
        if there.all():
            return self._fields.read(frames, tile, variables)
        if not there.any():
            size = (tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start)
            count = len(range(*variables.indices(self.shape[1])))
            return np.full((len(steps), count, *size), np.nan, dtype=np.float32)
        read = self._fields.read(frames[there], tile, variables)
        found = np.full((len(steps), *read.shape[1:]), np.nan, dtype=np.float32)
        found[there] = read
        return found


def gap_channel(dates: xr.DataArray) -> Float64[np.ndarray, " N"]:
    """The logarithm of the seconds since the step before; 0 at the first."""
    return np.concatenate([[0.0], np.log(np.diff(seconds_from_first(dates)))])


def over_the_usual(gaps: Float64[np.ndarray, " N"], train: range) -> Float64[np.ndarray, " N"]:
    """The same for the time over the usual one of the training part: 0 where steps are even, and at the first."""
    within = gaps[train.start + 1 : train.stop]
    usual = np.median(within) if len(within) else 0.0
    return np.concatenate([gaps[:1], gaps[1:] - usual])


def _axis(dates: xr.DataArray, frames: np.ndarray, months: int, seconds: float | None) -> xr.DataArray:
    """The dates of the axis: those of the source where steps are months, which may stand anywhere in them."""
    first, dated = dates.values[0], np.issubdtype(dates.dtype, np.datetime64)
    values = np.empty(len(frames), dtype=dates.dtype)
    for place, frame in enumerate(frames):
        if seconds is not None and dated:
            values[place] = first + np.timedelta64(round(seconds * place * 1e6), "us")
        elif seconds is not None:
            values[place] = dates.values[:1][0] + type(first - first)(seconds=seconds * place)
        elif frame >= 0:
            values[place] = dates.values[frame]
        else:
            year, month = divmod(int(dates[0].dt.year) * 12 + int(dates[0].dt.month) - 1 + months * place, 12)
            day = min(int(dates[0].dt.day), 28)
            if dated:
                values[place] = np.datetime64(f"{year:04d}-{month + 1:02d}-{day:02d}")
            else:
                values[place] = first.replace(year=year, month=month + 1, day=day)
    return xr.DataArray(values, dims="time", name=dates.name)


def _label(dates: xr.DataArray, at: int) -> str:
    return str(dates.values[at]).split(".")[0]
