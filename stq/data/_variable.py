"""One variable of one file as plain numbers, checked on the way in."""

import numpy as np
import xarray as xr
from jaxtyping import Float32

from stq.data._axes import Axes
from stq.data._source_file import Origin
from stq.errors import DataError, suggest

_LISTED = 30


def select_variable(dataset: xr.Dataset, name: str, path: Origin, key: str) -> xr.DataArray:
    """The variable of that name; `key` is where the spec names it, for the error.

    Raises:
        DataError: there is none (the nearest names are suggested), or it holds no numbers.
    """
    if name not in dataset.data_vars:
        there = [str(variable) for variable in dataset.data_vars]
        near = suggest(name, there)
        suggestion = f"; did you mean '{near}'?" if near else ""
        listed = ", ".join(there[:_LISTED]) + (f" and {len(there) - _LISTED} more" if len(there) > _LISTED else "")
        raise DataError(f"{path}: no variable '{name}' ({key}){suggestion} (it has {listed or 'no variable'})")
    field = dataset[name]
    if not (np.issubdtype(field.dtype, np.number) or field.dtype == bool) or np.iscomplexobj(field):
        raise DataError(f"{path}: variable '{name}' holds {field.dtype}, not numbers")
    return field


def read_values(field: xr.DataArray, axes: Axes, path: Origin) -> Float32[np.ndarray, "N Y X"]:
    """The numbers in single precision, time first (N = 1 for a map); missing values are NaN.

    A further dimension of length 1 is dropped.

    Packed integers come out of the decoding in double precision, which is more than the network can use.

    Raises:
        DataError: the file is damaged, or a value is infinite in single precision.
    """
    along = (axes.time,) if axes.time else ()
    extra = [dim for dim in field.dims if dim not in (axes.time, axes.y, axes.x)]
    ordered = field.squeeze(extra, drop=True).transpose(*along, axes.y, axes.x)
    try:
        stored = ordered.values
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"{path}: variable '{field.name}' can't be read, the file is damaged: {error}") from error
    with np.errstate(over="ignore"):
        values = stored.astype(np.float32).reshape(-1, *stored.shape[-2:])
    infinite = np.isinf(values)
    if infinite.any():
        step, row, column = np.argwhere(infinite)[0]
        raise DataError(
            f"{path}: variable '{field.name}' is infinite at step {step}, row {row}, column {column} "
            f"({int(infinite.sum())} such values; stored as {stored.reshape(values.shape)[step, row, column]}, "
            f"beyond single precision or no number); mark missing values by _FillValue"
        )
    return values
