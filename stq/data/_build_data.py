"""From a request to windows, in one pass: read, split, plan, fit, scale, cut."""

from dataclasses import replace

import numpy as np

from stq.data._area_weights import area_weights
from stq.data._calendar import calendar_values
from stq.data._channels import Channels, channel_names
from stq.data._fingerprint import fingerprint
from stq.data._fit import fit_statistics
from stq.data._forecast_data import ForecastData
from stq.data._grid import Grid
from stq.data._request import DataRequest
from stq.data._scaled import refuse_unknown_targets, scale_series, target_range, windows_with_targets
from stq.data._series import Series, read_series
from stq.data._splits import resolve_splits
from stq.data._static import read_static
from stq.data._statistics import Statistics
from stq.data._tiles import cut_tiles, training_tiles
from stq.data._window_dataset import WindowDataset
from stq.data._windows import plan_windows
from stq.errors import DataError


def build_data(request: DataRequest, statistics: Statistics | None = None) -> ForecastData:
    """Everything that training and scoring need. With the `statistics` of a finished run nothing is fitted.

    Raises:
        DataError: whatever in the files, or in what is asked of them, can't be used.
    """
    series = read_series(request)
    splits = resolve_splits(request.split, series.times)
    if "train" not in splits:
        raise DataError(f"data.split has no 'train' (it has {', '.join(splits) or 'nothing'})")
    plan = plan_windows(len(series.times), request.history, request.horizons, splits)
    weight = area_weights(series.grid, request.area_weights)
    train, targets = splits["train"], len(request.targets)
    static, static_notes = read_static(request, series, train)
    fit_notes: tuple[str, ...] = ()
    if statistics is None:
        fitted, fit_notes = fit_statistics(request, series, static, train)
        scaled = scale_series(series, fitted, request.history)
        first_issue = train.start + request.history - 1
        low, high = target_range(scaled, fitted, plan.issued["train"], request.horizons, first_issue)
        statistics = replace(fitted, minimum=low, maximum=high)
    else:
        _check_match(statistics, request, series)
        scaled = scale_series(series, statistics, request.history)
    refuse_unknown_targets(scaled, request.targets, plan.issued, request.horizons)
    windows, unknown_notes = windows_with_targets(scaled, targets, plan.issued, request.horizons)
    known = np.asarray(scaled.valid[train.start : train.stop, :targets].any(axis=(0, 1)))
    tiles, tile_notes = training_tiles(known, request.patch)
    channels = Channels(
        scaled=scaled,
        relative=statistics.relative_to == "last",
        static=statistics.scale_static(static),
        calendar=calendar_values(series.times, request.calendar),
        indicated=np.flatnonzero(statistics.indicated),
    )
    location, whole = _location(series.grid), cut_tiles(series.grid.size, None)
    return ForecastData(
        splits={
            name: WindowDataset(
                channels=channels,
                statistics=statistics,
                history=request.history,
                horizons=request.horizons,
                issued=issued,
                tiles=tiles if name == "train" else whole,
                location=location,
                weight=weight,
            )
            for name, issued in windows.items()
        },
        normaliser=statistics,
        variables=request.targets,
        units=series.units[:targets],
        channel_names=channel_names(statistics, request.calendar),
        history=request.history,
        horizons=tuple(request.horizons),
        grid=series.grid,
        times=series.times.labels,
        fingerprint=fingerprint(series, static),
        notes=(*series.notes, *plan.notes, *unknown_notes, *tile_notes, *static_notes, *fit_notes),
        observed=series.values[:, :targets],
        phases=scaled.phases,
    )


def _location(grid: Grid) -> np.ndarray:
    if grid.lat is None or grid.lon is None:
        return np.zeros((2, *grid.size), dtype=np.float32)
    return np.stack([grid.lat, grid.lon]).astype(np.float32)


def _check_match(statistics: Statistics, request: DataRequest, series: Series) -> None:
    asked = {
        "targets": (statistics.targets, request.targets),
        "inputs": (statistics.moving, request.moving),
        "static maps": (statistics.static, tuple(item.variable for item in request.static)),
        "normalise": (statistics.normalise, request.normalise),
        "relative_to": (statistics.relative_to, request.relative_to),
        "size": (statistics.climatology.shape[-2:], series.grid.size),
    }
    for name, (fitted, wanted) in asked.items():
        if fitted != wanted:
            raise DataError(f"the normalisation statistics were fitted with {name} {fitted}, and the data has {wanted}")
