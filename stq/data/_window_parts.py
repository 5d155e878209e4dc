"""What every window is cut from, put together from a series."""

import numpy as np
from jaxtyping import Float32

from stq.data._calendar import calendar_values
from stq.data._channels import Channels, Future
from stq.data._grid import Grid
from stq.data._request import DataRequest
from stq.data._scaled import Scaled
from stq.data._series import Series


def channels_of(request: DataRequest, series: Series, scaled: Scaled, static: Float32[np.ndarray, "S Y X"]) -> Channels:
    """The input channels of the series; `static` are normalised."""
    moments = calendar_values(series.times, request.calendar)
    if series.gaps is not None:
        moments = np.concatenate([moments, series.gaps[:, None].astype(np.float32)], axis=1)
    return Channels(
        scaled=scaled,
        static=static,
        moments=moments,
        indicated=np.flatnonzero(scaled.statistics.indicated),
        future=Future(request.ahead, np.array(request.horizons), calendar_values(series.times, request.ahead_calendar)),
        fill=request.missing,
    )


def location_of(grid: Grid) -> Float32[np.ndarray, "2 Y X"]:
    """Latitude and longitude of each cell; 0 where they are not known."""
    found = np.zeros((2, *grid.size), dtype=np.float32)
    if grid.lat is not None and grid.lon is not None:
        found[0], found[1] = grid.lat, grid.lon
    return found
