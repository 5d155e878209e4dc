"""Fit the statistics on the training part alone, in double precision, one variable at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64

from stq.data._climatology import climatology_months, fit_climatology
from stq.data._request import DataRequest, Normalise
from stq.data._series import Series
from stq.data._statistics import Statistics
from stq.errors import DataError

_FLOOR = 1e-6  # of a variable's size: what single precision can't tell from a constant


def fit_statistics(
    request: DataRequest, series: Series, static: Float32[np.ndarray, "S Y X"], train: range
) -> tuple[Statistics, tuple[str, ...]]:
    """The statistics of the steps in `train`, and what a person should know of them.

    The range of the normalised targets is not in it yet (see `stq.data._scaled.target_range`).

    Raises:
        DataError: a variable or a static map without any valid value in the training part.
    """
    part = series.values[train.start : train.stop]
    months = climatology_months(series.times.months, series.times.parts[:, 0], train)
    phases = np.zeros(len(train), dtype=np.int64)
    if months:
        phases = np.searchsorted(np.array(months), series.times.months[train.start : train.stop])
    notes, fitted = [_climatology_note(months)], []
    for index, name in enumerate(request.moving):
        field = part[:, index].astype(np.float64)
        missing = 1 - float(np.isfinite(field).mean())
        if missing == 1:
            role = "target" if name in request.targets else "input"
            raise DataError(f"{role} '{name}' has no valid value in the training part")
        fitted.append(_fit_variable(field, phases, len(months) or 1, request.normalise))
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
        climatology=np.stack([variable.climatology.astype(np.float32) for variable in fitted], axis=1),
        mean=_single([variable.mean for variable in fitted]),
        deviation=_single([variable.deviation for variable in fitted]),
        step=_single([variable.step for variable in fitted]),
        minimum=np.zeros(len(request.targets), dtype=np.float32),
        maximum=np.zeros(len(request.targets), dtype=np.float32),
        indicated=~np.isfinite(part).all(axis=(0, 2, 3)),
        static_mean=static_mean,
        static_deviation=static_deviation,
    ), tuple(notes)


@dataclass(frozen=True)
class _Variable:
    """What is fitted of one variable; `constant` where it does not vary beyond its centre (its deviation is 1)."""

    climatology: Float64[np.ndarray, "P Y X"]
    mean: float
    deviation: float
    step: float
    constant: bool


def _fit_variable(
    field: Float64[np.ndarray, "N Y X"], phases: Int64[np.ndarray, " N"], count: int, normalise: Normalise
) -> _Variable:
    climatology = fit_climatology(field, phases, count)
    mean = float(field[np.isfinite(field)].mean()) if normalise == "standard" else 0.0
    centred = field - (climatology[phases] if normalise == "anomaly" else mean)
    spread, step = _root_mean_square(centred), _root_mean_square(np.diff(centred, axis=0))
    floor = _FLOOR * _root_mean_square(field)
    constant = spread <= floor
    deviation = 1.0 if constant or normalise == "none" else spread
    return _Variable(climatology, mean, deviation, step if step > floor else deviation, constant)


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
