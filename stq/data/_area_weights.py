"""How much of the sphere each cell stands for."""

from typing import Literal

import numpy as np
from jaxtyping import Float32

from stq.data._grid import Grid
from stq.errors import DataError


def area_weights(grid: Grid, method: Literal["none", "cosine"]) -> Float32[np.ndarray, "Y X"]:
    """One weight a cell, with mean 1 over the grid: all alike, or the cosine of the latitude.

    The cosine is the area of a cell only on a grid that is regular in latitude and longitude.

    Raises:
        DataError: the cosine is asked for, and the grid has no latitude.
    """
    if method == "none":
        return np.ones(grid.size, dtype=np.float32)
    if grid.lat is None:
        raise DataError("data.area_weights: cosine needs a latitude, and the grid has none; set it to none")
    cosine = np.clip(np.cos(np.deg2rad(grid.lat)), 0, None)
    weight: Float32[np.ndarray, "Y X"] = (cosine / cosine.mean()).astype(np.float32)
    return weight
