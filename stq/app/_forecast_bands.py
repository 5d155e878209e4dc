"""The forecast of a field from one date, in one piece or in tiles, as bands of rows in units."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float32
from torch.utils.data import default_collate

from stq.data import ForecastInputs, blend
from stq.errors import UsageError
from stq.models import Forecaster
from stq.spec import LoadedSpec

Maps = Float32[np.ndarray, "H L C Y X"]
"""The central forecast first on the L axis, then the quantiles."""


def tiles_of(
    loaded: LoadedSpec, size: tuple[int, int], side: int | None, overlap: int | None
) -> tuple[int, int] | None:
    """Side and overlap of the tiles: as asked for, else those of training; None where one piece is enough."""
    patch = loaded.spec.data.patch
    if side is None and overlap is not None and patch is None:
        raise UsageError("--overlap is of tiles, and the run was not trained on patches: give --tile as well")
    if side is None:
        if patch is None:
            return None
        side = patch.size
        overlap = patch.overlap if overlap is None else overlap
    elif overlap is None:
        overlap = side // 4
    assert overlap is not None  # for the type checker
    if side < 1 or not 0 <= overlap < side:
        raise UsageError(f"tiles of {side} cells can't share {overlap} of them: --overlap is from 0 to below --tile")
    return None if max(size) <= side else (side, overlap)


def bands(
    forecaster: Forecaster, inputs: ForecastInputs, step: int, fields: int, cut: tuple[int, int] | None
) -> Iterator[tuple[slice, Maps]]:
    """The forecast from one step, in units, as bands of rows from the first row to the last."""
    horizons, variables = len(inputs.horizons), len(inputs.variables)

    def forecast(rows: slice, columns: slice) -> Float32[np.ndarray, "L Y X"]:
        batch = default_collate([inputs.window(step, rows, columns)])
        with torch.no_grad():
            found = forecaster(batch.inputs, batch.base, batch.location)
        maps = inputs.to_units(found.central, batch.offset).unsqueeze(2)
        if found.quantiles is not None:
            maps = torch.cat([maps, inputs.to_units(found.quantiles, batch.offset)], dim=2)
        return np.asarray(maps[0].flatten(0, 2).float().numpy())

    if cut is None:
        whole = slice(0, inputs.size[0]), slice(0, inputs.size[1])
        pieces: Iterator[tuple[slice, Float32[np.ndarray, "L N X"]]] = iter([(whole[0], forecast(*whole))])
    else:
        pieces = blend(inputs.size, *cut, horizons * fields * variables, forecast)
    for rows, maps in pieces:
        yield rows, maps.reshape(horizons, fields, variables, *maps.shape[1:])
