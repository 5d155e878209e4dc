"""Open one file in the form that everything else reads: labelled, dated, lazily indexed."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import xarray as xr

from stq.data._axes import find_time, is_dated
from stq.data._derived import derive, in_units
from stq.data._grid import LATITUDE_NAMES, LONGITUDE_NAMES
from stq.data._source_file import SourceFile
from stq.errors import DataError, StqError


@contextmanager
def open_source(source: SourceFile) -> Iterator[xr.Dataset]:
    """The file as a dataset, no field of it read yet; closed at the end.

    CF conventions are decoded, dates are in place where the file itself has none, derived variables are among the
    others and the mask is on them. Latitude and longitude count as coordinates even where the file does not say so.
    Index first and read then (`dataset[name].isel(time=...).values`): only that is read, and computed.

    Plain xarray, without dask: a forked DataLoader worker hangs for good once dask has read in the parent.

    Raises:
        DataError: the file is missing, of another kind, or damaged; names the file.
    """
    with ExitStack() as stack:
        dataset = stack.enter_context(_opened(source))
        positions = [name for name in dataset.data_vars if str(name).lower() in LATITUDE_NAMES + LONGITUDE_NAMES]
        dataset = _with_dates(dataset.set_coords(positions), source)
        dataset = in_units(dataset, source.reading.units, str(source))
        yield derive(dataset, source.reading.derived, source.reading.mask, str(source))


def count_steps(source: SourceFile) -> int:
    """The steps in time of a file without dates.

    Raises:
        DataError: it has no axis of time.
    """
    with _opened(source) as dataset:
        axes = _time_axes(dataset, source)
        if not axes:
            raise DataError(f"{source}: no variable has a time axis to count steps along (data.time)")
        return int(dataset.sizes[axes[0]])


@contextmanager
def _opened(source: SourceFile) -> Iterator[xr.Dataset]:
    with ExitStack() as stack:
        try:
            dataset = stack.enter_context(source.reader.open(source.address))
            if not isinstance(dataset, xr.Dataset):
                raise TypeError(f"it gave {type(dataset).__name__}, not an xarray.Dataset")
        except StqError:
            raise
        except Exception as error:  # a reader of somebody else's may raise anything
            cause = f"{type(error).__name__}: {error}"
            raise DataError(f"{source}: the reader '{source.reader.name}' failed: {cause}") from error
        yield dataset


def _with_dates(dataset: xr.Dataset, source: SourceFile) -> xr.Dataset:
    if source.date is None and source.reading.time is None:
        return dataset
    dates: Mapping[str, np.ndarray]
    axes = _time_axes(dataset, source)
    for axis in axes:
        if axis in dataset.coords and is_dated(dataset[axis]):
            raise DataError(f"{source}: its time axis '{axis}' has dates of its own; leave out data.time")
    if source.date is not None:
        dates = {axis: np.array([source.date], dtype="datetime64[us]") for axis in axes}
    elif source.reading.time is not None:
        dates = {axis: source.reading.time.dates(source.before, dataset.sizes[axis]) for axis in axes}
    return dataset.drop_vars([axis for axis in axes if axis in dataset.coords]).assign_coords(
        {axis: (axis, found) for axis, found in dates.items()}
    )


def _time_axes(dataset: xr.Dataset, source: SourceFile) -> list[str]:
    found = (find_time(field, source.reading.dims, Path(source.address)) for field in dataset.data_vars.values())
    return list(dict.fromkeys(axis for axis in found if axis is not None))
