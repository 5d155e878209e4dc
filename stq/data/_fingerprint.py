"""One short text that differs when the data differs."""

import hashlib
import json

import numpy as np

from stq.data._field_store import Scan
from stq.data._series import Series


def fingerprint(series: Series, scan: Scan, static: np.ndarray) -> str:
    """SHA-256 over names, units, dates, calendar, coordinates and the checksum of every frame, as used (coarsened).

    It is the same wherever the fields lie: in memory, in their files or in a packed store.
    """
    digest = hashlib.sha256()
    head = [series.names, series.units, series.times.calendar, series.times.labels, series.fields.shape]
    digest.update(json.dumps(head).encode())
    for array in (series.grid.y, series.grid.x, series.grid.lat, series.grid.lon, scan.digests, static):
        digest.update(b"|" if array is None else np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
