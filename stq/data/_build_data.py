"""From a request to windows: find, split, plan, look, fit, scale, cut."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from stq.data._area_weights import area_weights
from stq.data._areas import Areas, counts_within, split_areas
from stq.data._channels import channel_names
from stq.data._even_steps import over_the_usual
from stq.data._field_store import FieldsInMemory
from stq.data._fingerprint import fingerprint
from stq.data._fit import fit_statistics
from stq.data._forecast_data import ForecastData
from stq.data._known_targets import refuse_unknown_targets, windows_with_targets
from stq.data._match import refuse_other_data, refuse_other_request
from stq.data._request import DataRequest
from stq.data._scaled import scale_fields
from stq.data._scan import known_scan
from stq.data._series import Series, read_series
from stq.data._splits import resolve_splits
from stq.data._static import read_static
from stq.data._statistics import Statistics
from stq.data._target_range import target_range
from stq.data._tiles import cut_tiles
from stq.data._training_items import training_items
from stq.data._window_dataset import WindowDataset
from stq.data._window_parts import channels_of, location_of
from stq.data._windows import plan_windows
from stq.errors import DataError


def build_data(request: DataRequest, statistics: Statistics | None = None) -> ForecastData:
    """Everything that training and scoring need. With the `statistics` of a finished run nothing is fitted.

    Fields that are not to stand in memory are passed over in blocks of steps, and read by windows afterwards.

    Raises:
        DataError: whatever in the files, or in what is asked of them, can't be used.
        CheckFailed: a packed store is damaged. Fitting looks at every frame, and so does taking it into memory;
            else the sums of its index and the sizes of its files are looked at.
    """
    series = read_series(request)
    splits = resolve_splits(request.split, series.times)
    if "train" not in splits:
        raise DataError(f"data.split has no 'train' (it has {', '.join(splits) or 'nothing'})")
    plan = plan_windows(
        len(series.times), request.history, request.horizons, splits, gap=request.gap, strict=request.strict
    )
    weight = area_weights(series.grid, request.area_weights)
    train, targets = splits["train"], len(request.targets)
    if series.gaps is not None:
        series = replace(series, gaps=over_the_usual(series.gaps, train))
    in_memory = isinstance(series.fields, FieldsInMemory)
    scan = known_scan(series.fields, series.names, verify=statistics is None or in_memory)
    static, static_notes = read_static(request, series, train)
    fit_notes: tuple[str, ...] = ()
    if statistics is None:
        fitted, fit_notes = fit_statistics(request, series, scan.counts, static, train)
        scaled = scale_fields(series.fields, fitted, series.times.months)
        first_issue = train.start + request.history - 1
        low, high = target_range(scaled, plan.issued["train"], request.history, request.horizons, first_issue)
        statistics = replace(fitted, minimum=low, maximum=high)
    else:
        refuse_other_request(statistics, request)
        refuse_other_data(statistics, series, ", ".join(request.source))
        if (
            statistics.site is not None and request.static
        ):  # a run that starts from another takes its numbers, and has maps of its own
            statistics = replace(statistics, site=replace(statistics.site, static=static))
    scaled = scale_fields(series.fields, statistics, series.times.months)
    areas = None if request.blocks is None else split_areas(series.grid.size, request.blocks)
    judged = _judged_counts(series, scan.counts[:, :targets], tuple(splits), areas)
    refuse_unknown_targets(judged, request.targets, plan.issued, request.horizons)
    windows, unknown_notes = windows_with_targets(judged, plan.issued, request.horizons)
    tiles, items, item_notes = training_items(request, series.fields, windows["train"], areas)
    channels = channels_of(request, series, scaled, statistics.scale_static(static))
    location, whole = location_of(series.grid), cut_tiles(series.grid.size, None)
    series.fields.close()
    return ForecastData(
        splits={
            name: WindowDataset(
                channels=channels,
                history=request.history,
                horizons=request.horizons,
                items=items if name == "train" else np.stack([np.array(issued), np.zeros_like(issued)], axis=1),
                tiles=tiles if name == "train" else whole,
                location=location,
                weight=weight,
                judged=None if areas is None or name == "train" else areas.held_out,
            )
            for name, issued in windows.items()
        },
        normaliser=statistics,
        variables=request.targets,
        units=series.units[:targets],
        channel_names=channel_names(
            statistics,
            request.calendar,
            gaps=series.gaps is not None,
            ahead=request.ahead,
            ahead_calendar=request.ahead_calendar,
            horizons=request.horizons,
        ),
        history=request.history,
        horizons=tuple(request.horizons),
        grid=series.grid,
        times=series.times.labels,
        fingerprint=fingerprint(series, scan, static),
        notes=(
            *(*series.notes, *plan.notes, *unknown_notes, *(() if areas is None else areas.notes)),
            *(*item_notes, *static_notes, *fit_notes),
        ),
        fields=series.fields,
        phases=scaled.phases,
    )


def _judged_counts(
    series: Series, counts: Int64[np.ndarray, "N C"], splits: tuple[str, ...], areas: Areas | None
) -> Mapping[str, Int64[np.ndarray, "N C"]]:
    if areas is None:
        return dict.fromkeys(splits, counts)
    inner, outer = (counts_within(series.fields, counts.shape[1], area) for area in (areas.training, areas.held_out))
    return {name: inner if name == "train" else outer for name in splits}
