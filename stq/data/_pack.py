"""Pack what a request reads into a store."""

from dataclasses import replace
from pathlib import Path

from stq.data._packed_store import PackedStore, is_store
from stq.data._request import DataRequest
from stq.data._series import read_series
from stq.data._static import read_constant
from stq.data._write_store import write_store
from stq.errors import UsageError


def pack_data(request: DataRequest, path: Path) -> PackedStore:
    """Write the moving variables and the static maps of a request, as they are used but not normalised, to a store.

    Coarsening, an even step and whatever else changes values in units is done by then. Memory does not grow with the
    length of the series. A static map that changes in time is packed as a moving variable, since its mean depends on
    the split.

    Raises:
        DataError: whatever makes the source unusable.
        UsageError: the source is a store already, or there is something at `path`.
        DiskError: no room or no permission.
    """
    if is_store(request.source):
        raise UsageError(f"{request.source[0]}: is a packed store already")
    request = replace(request, memory="lazy")
    series = read_series(request)
    found = {item.variable: read_constant(item, request, series) for item in request.static}
    changing = tuple(name for name, field in found.items() if field is None)
    if changing:
        series = read_series(replace(request, inputs=(*request.inputs, *changing)))
    try:
        return write_store(
            path,
            series.fields,
            names=series.names,
            units=series.units,
            dates=series.dates,
            grid=series.grid,
            maps={name: field for name, field in found.items() if field is not None},
            coarsen=request.coarsen or (1, 1),
            naming=series.naming,
            operands=series.operands,
        )
    finally:
        series.fields.close()
