"""One variable of a file, before there is a spec: a look at a bounded number of its cells."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from stq.data._axes import Axes
from stq.data._source_file import SourceFile
from stq.errors import DataError

_READ_AT_ONCE = 2**22
_READ_IN_ALL = 2**25
"""Cells of one variable that are looked at, at a time and in all: 32 MB and 256 MB in double precision."""


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


def summarise_variable(field: xr.DataArray, file: SourceFile, axes: Axes | None, problem: str) -> VariableSummary:
    """Look at it, as far as it has axes; `problem` is what was wrong with them."""
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
            problem = f"can't be read, the file is damaged: {short(str(error), file, field)}"
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


def short(message: str, file: SourceFile, field: xr.DataArray) -> str:
    """The message without what the table says already."""
    return message.removeprefix(f"{file}: ").removeprefix(f"variable '{field.name}' ")
