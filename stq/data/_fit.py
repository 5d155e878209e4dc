"""Fit the statistics on the training part alone, in double precision, one variable at a time."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32, Int64

from stq.data._climatology import climatology_months
from stq.data._request import DataRequest
from stq.data._series import Series
from stq.data._site import Site
from stq.data._statistics import Statistics
from stq.data._time_step import step_of
from stq.data._variable_fit import Frames, fit_variable
from stq.errors import DataError

_FLOOR = 1e-6  # of a map's size: what single precision can't tell from a constant


def fit_statistics(
    request: DataRequest,
    series: Series,
    counts: Int64[np.ndarray, "N V"],
    static: Float32[np.ndarray, "S Y X"],
    train: range,
) -> tuple[Statistics, tuple[str, ...]]:
    """The statistics of the steps in `train`, and what a person should know of them. `counts` are the valid cells.

    The range of the normalised targets is not in it yet (see `stq.data._target_range`).

    Raises:
        DataError: a variable or a static map without any valid value in the training part.
    """
    steps, cells = np.arange(train.start, train.stop), series.grid.size[0] * series.grid.size[1]
    known = counts[train.start : train.stop]
    months = climatology_months(series.times.months, series.times.parts[:, 0], train)
    phases = np.zeros(len(train), dtype=np.int64)
    if months:
        phases = np.searchsorted(np.array(months), series.times.months[train.start : train.stop])
    transforms = tuple(request.transform.get(name, "none") for name in request.moving)
    where = ", ".join(request.source[:3]) + (", ..." if len(request.source) > 3 else "")
    notes, fitted = [_climatology_note(months)], []
    for index, name in enumerate(request.moving):
        missing = 1 - float(known[:, index].sum()) / (len(train) * cells)
        if missing == 1:
            role = "target" if name in request.targets else "input"
            raise DataError(f"{where}: {role} '{name}' has no valid value in the training part")
        frames = Frames(series.fields, steps, index, name, transforms[index])
        fitted.append(fit_variable(frames, phases, len(months) or 1, request.normalise))
        if name in request.targets and fitted[-1].constant and not np.ptp(fitted[-1].climatology):
            value = float(fitted[-1].climatology.flat[0])
            raise DataError(
                f"{where}: target '{name}' is {value:.6g} in every cell and step of the training part: "
                f"there is nothing to forecast"
            )
        if missing:
            notes.append(f"{name} misses {missing:.2%} of its training values: a channel tells the network where")
        if fitted[-1].constant:
            notes.append(f"{name} does not vary in the training part beyond its mean: its deviation is taken as 1")
    static_mean, static_deviation = _fit_static(request, static)
    return Statistics(
        targets=request.targets,
        inputs=request.moving[len(request.targets) :],
        static=tuple(item.variable for item in request.static),
        normalise=request.normalise,
        relative_to=request.relative_to,
        months=months,
        climatology=np.stack([variable.climatology for variable in fitted], axis=1),
        mean=_single([variable.mean for variable in fitted]),
        deviation=_single([variable.deviation for variable in fitted]),
        step=_single([variable.step for variable in fitted]),
        minimum=np.zeros(len(request.targets), dtype=np.float32),
        maximum=np.zeros(len(request.targets), dtype=np.float32),
        indicated=np.asarray((known < cells).any(axis=0)),
        static_mean=static_mean,
        static_deviation=static_deviation,
        transforms=transforms,
        site=Site(
            units=series.units,
            grid=series.grid,
            step=step_of(series.dates) if series.gaps is None else None,
            static=static,
            known=np.stack([variable.known for variable in fitted[: len(request.targets)]]),
            operands=series.operands,
        ),
    ), tuple(notes)


def _fit_static(
    request: DataRequest, static: Float32[np.ndarray, "S Y X"]
) -> tuple[Float32[np.ndarray, " S"], Float32[np.ndarray, " S"]]:
    means, deviations = [], []
    for item, field in zip(request.static, static.astype(np.float64), strict=True):
        valid = field[np.isfinite(field)]
        if not valid.size:
            raise DataError(f"static map '{item.variable}' has no valid value")
        spread = float(valid.std())
        means.append(float(valid.mean()))
        deviations.append(spread if spread > _FLOOR * _root_mean_square(valid) else 1.0)
    return _single(means), _single(deviations)


def _root_mean_square(values: Float[np.ndarray, "..."]) -> float:
    """Over the valid values; 0 where there are none."""
    valid = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(np.square(valid)))) if valid.size else 0.0


def _climatology_note(months: Sequence[int]) -> str:
    if months:
        return f"climatology: the training mean of each cell in each of {len(months)} calendar months"
    return "climatology: one training mean for each cell (the training part does not hold every month in two years)"


def _single(values: Sequence[float]) -> Float32[np.ndarray, " n"]:
    return np.array(values, dtype=np.float32)
