"""Which forecasts a report shows as maps, and the maps, no larger than a page can carry."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from torch.utils.data import default_collate

from stq.app._forecasting import UnitsBatch
from stq.app.report_data._report_data import MapAxes, MapCase, MapFrame, Maps, VariableMaps, WindowErrors
from stq.data import ForecastData, Grid
from stq.tensors import Batch

MOST_CELLS_A_SIDE = 200
MOST_CELLS = 1_500_000
MOST_HORIZONS = 12
"""What a page of a few megabytes carries: cells of one map a side, of all maps together, and steps of the slider."""


@dataclass(frozen=True)
class MapSource:
    """Where maps come from. `forecast` gives a batch in units, calibrated; `band` are indices of its outer levels."""

    data: ForecastData
    split: str
    forecast: Callable[[Batch], UnitsBatch]
    band: tuple[int, int] | None


def choose_cases(scores: Float64[np.ndarray, " N"]) -> dict[str, int]:
    """The worst, the median and the best window by RMSE, each once; windows without a valid cell don't count."""
    order = [int(index) for index in np.argsort(scores, kind="stable") if np.isfinite(scores[index])]
    if not order:
        return {}
    wanted = {"worst": order[-1], "median": order[(len(order) - 1) // 2], "best": order[0]}
    if len(order) == 1:
        return {"only": order[0]}
    chosen: dict[str, int] = {"worst": wanted["worst"]}
    chosen |= {kind: index for kind, index in wanted.items() if index not in chosen.values()}
    if wanted["best"] == wanted["median"]:
        chosen.pop("median", None)
        chosen["best"] = wanted["best"]
    return chosen


def draw_maps(source: MapSource, errors: WindowErrors, squares: Float64[np.ndarray, "N H C"]) -> Maps:
    """The maps of every variable. `squares` are the mean squared errors of each window; NaN where nothing is valid."""
    data = source.data
    shown = shown_horizons(data.horizons)
    fields = 4 * 3 * len(shown) * len(data.variables)
    side = max(16, min(MOST_CELLS_A_SIDE, math.isqrt(MOST_CELLS // fields)))
    block = math.ceil(max(data.size) / side)
    cache: dict[int, UnitsBatch] = {}

    def units(index: int) -> UnitsBatch:
        if index not in cache:
            cache[index] = source.forecast(default_collate([data.splits[source.split][index]]))
        return cache[index]

    with np.errstate(invalid="ignore"):
        known = np.isfinite(squares)
        total = np.where(known, squares, 0).sum(axis=1) / np.where(known.any(axis=1), known.sum(axis=1), np.nan)
    variables = []
    for c, (name, unit) in enumerate(zip(data.variables, data.units, strict=True)):
        chosen = choose_cases(total[:, c])
        cases = [
            MapCase(
                kind=kind,
                issued=errors.issued[index],
                rmse=float(np.sqrt(total[index, c])),
                frames=tuple(_frame(source, units(index), c, h, block, float(errors.rmse[index, h, c])) for h in shown),
            )
            for kind, index in chosen.items()
        ]
        variables.append(VariableMaps(name, unit, tuple(cases)))
    return Maps(
        axes=map_axes(data.grid, block),
        horizons=tuple(data.horizons[h] for h in shown),
        left_out=tuple(horizon for h, horizon in enumerate(data.horizons) if h not in shown),
        variables=tuple(variables),
    )


def shown_horizons(horizons: Sequence[int]) -> list[int]:
    """Indices of all horizons, or of an even choice with the first and the last."""
    if len(horizons) <= MOST_HORIZONS:
        return list(range(len(horizons)))
    return sorted({round(at) for at in np.linspace(0, len(horizons) - 1, MOST_HORIZONS).tolist()})


def _frame(source: MapSource, found: UnitsBatch, c: int, h: int, block: int, rmse: float) -> MapFrame:
    valid = found.batch.valid[0, h, c].numpy()

    def picture(values: np.ndarray) -> Float32[np.ndarray, "Y X"]:
        return block_means(np.where(valid, values, np.nan), block)

    width = None
    if source.band is not None and found.quantiles is not None:
        low, up = source.band
        width = picture((found.quantiles[0, h, up, c] - found.quantiles[0, h, low, c]).numpy())
    horizon = source.data.horizons[h]
    step = int(found.batch.time[0]) + horizon
    return MapFrame(
        horizon=horizon,
        valid=source.data.time_label(step),
        rmse=rmse if math.isfinite(rmse) else None,
        truth=picture(found.truth[0, h, c].numpy()),
        forecast=picture(found.central[0, h, c].numpy()),
        width=width,
    )


def block_means(values: np.ndarray, block: int) -> Float32[np.ndarray, "Y X"]:
    """Means over the known cells of each block, NaN where none is; the last blocks of a side may be smaller."""
    if block == 1:
        return values.astype(np.float32)
    rows, columns = (np.arange(0, size, block) for size in values.shape)
    known = np.isfinite(values)

    def sums(of: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.add.reduceat(of, rows, axis=0), columns, axis=1)

    count = sums(known.astype(np.float64))
    total = sums(np.where(known, values, 0).astype(np.float64))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def map_axes(grid: Grid, block: int) -> MapAxes:
    """Degrees where rows are parallels and columns meridians, numbers of rows and columns otherwise."""
    rows, columns = grid.size
    y, x = np.arange(rows, dtype=np.float64), np.arange(columns, dtype=np.float64)
    geographic = False
    if grid.lat is not None and grid.lon is not None:
        lat, lon = grid.lat[:, 0], np.unwrap(grid.lon[0], period=360)
        straight = np.allclose(grid.lat, lat[:, None]) and np.allclose(grid.lon, grid.lon[:1])
        if straight and _monotonic(lat) and _monotonic(lon):
            y, x, geographic = lat, lon, True
    return MapAxes(_means(y, block), _means(x, block), geographic, block, grid.size)


def _means(values: Float64[np.ndarray, " N"], block: int) -> Float64[np.ndarray, " M"]:
    return np.array([values[at : at + block].mean() for at in range(0, len(values), block)])


def _monotonic(values: Float64[np.ndarray, " N"]) -> bool:
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all())
