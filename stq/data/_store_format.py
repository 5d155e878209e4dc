"""The form of a packed store: what its files are called, and how they begin.

A folder with one `.npy` file of raw single-precision numbers for each variable (squares of the grid, each with its
steps in a row), an `index.npz` with dates, grid, maps, and each frame's SHA-256 and number of valid cells, and a
`store.json` that names the variables and holds the SHA-256 of the index and of itself.
"""

import hashlib
import io
import json
from collections.abc import Mapping

import numpy as np

HEADER = "store.json"
INDEX = "index.npz"
FORMAT = "stq-store-1"
SINCE = "microseconds since 1970-01-01"
"""Units of the dates."""
GRID = ("y", "x", "lat", "lon")
"""The arrays of the index that describe the grid, those of them that it has."""


def file_name(index: int) -> str:
    """Of the variable of that number."""
    return f"{index:03d}.npy"


def sum_of(head: Mapping[str, object]) -> str:
    """The checksum that a header keeps of itself."""
    return hashlib.sha256(json.dumps(head, sort_keys=True).encode()).hexdigest()


def npy_head(length: int) -> bytes:
    """How the file of a variable of so many numbers begins."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (length,)})
    return head.getvalue()
