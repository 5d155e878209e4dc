"""One short text that differs when the data differs."""

import hashlib
import json

import numpy as np

from stq.data._series import Series


def fingerprint(series: Series, static: np.ndarray) -> str:
    """SHA-256 over names, units, dates, calendar, coordinates and every value, as they are used (coarsened)."""
    digest = hashlib.sha256()
    head = [series.names, series.units, series.times.calendar, series.times.labels, series.values.shape]
    digest.update(json.dumps(head).encode())
    for array in (series.grid.y, series.grid.x, series.grid.lat, series.grid.lon, series.values, static):
        digest.update(b"|" if array is None else np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
