"""The conformal corrections of a run: fitted on one of its splits, and read back."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stq.app._forecasting import forecast_split
from stq.app._run_folder import RunFolder
from stq.app._strata import KINDS, Stratification, combined, stratification
from stq.calibration import ConformalCalibration, ConformityScores
from stq.data import ForecastData, ForecastInputs
from stq.errors import CheckFailed
from stq.models import Forecaster
from stq.spec import CalibrationSpec, LoadedSpec

FLOOR = 0.01
"""Least width that a multiplicative score divides by, in normalised units of the variable."""


def calibrate_split(
    loaded: LoadedSpec,
    data: ForecastData,
    forecaster: Forecaster,
    *,
    run: RunFolder | None = None,
    split: str = "calibration",
    terms: CalibrationSpec | None = None,
) -> ConformalCalibration | None:
    """The corrections on the terms of the spec, or on others; None where nothing is left to calibrate."""
    spec = loaded.spec
    terms = terms or spec.calibration
    if terms is None or spec.quantiles is None or split not in data.splits:
        return None
    groups = groups_of(terms.by, data, loaded, run)
    scores = scores_of(terms, data, spec.quantiles.levels, groups)
    for found in forecast_split(forecaster, data, split, batch_size=spec.data.batch_size):
        assert found.quantiles is not None  # for the type checker: the spec has levels
        scores.update(
            quantiles=found.quantiles,
            truth=found.truth,
            valid=found.batch.valid,
            time=found.batch.time,
            weight=found.batch.weight,
            central=found.central,
            group=None if groups is None else groups.index(found.batch),
        )
    return replace(scores.fit(), fitted_on=split)


def scores_of(
    terms: CalibrationSpec, data: ForecastData, levels: Sequence[float], groups: Stratification | None
) -> ConformityScores:
    """Where conformity scores on these terms are collected, of the network or of any other forecast of this data."""
    scales = normalised_units(data)
    return ConformityScores(
        data.variables,
        data.horizons,
        levels,
        units=data.units,
        by=terms.by,
        scores=terms.scores,
        scales=scales,
        floors=[FLOOR * scale for scale in scales],
        groups=() if groups is None else groups.names,
    )


def groups_of(
    by: Sequence[str], data: ForecastData | ForecastInputs, loaded: LoadedSpec, run: RunFolder | None
) -> Stratification | None:
    """The groups that have corrections of their own beside horizon and variable: months, seasons, strata, or pairs."""
    parts = [stratification(data, kind, loaded, run=run) for kind in KINDS if kind in by]
    return combined(parts) if parts else None


def groups_for(
    calibration: ConformalCalibration | None, data: ForecastData | ForecastInputs, loaded: LoadedSpec, run: RunFolder
) -> Stratification | None:
    """The groups that a run's calibration is by. Raises CheckFailed where the run tells others apart than those."""
    groups = None if calibration is None else groups_of(calibration.by, data, loaded, run)
    if calibration is not None and calibration.groups != (() if groups is None else groups.names):
        raise CheckFailed(f"{run.calibration} is by groups that the run has not (any more): calibrate it again")
    return groups


def normalised_units(data: ForecastData) -> tuple[float, ...]:
    """What a normalised unit of each variable is in units: of a transformed one, around the mean of its climatology."""
    count = len(data.variables)
    mean = np.nanmean(data.normaliser.climatology[:, :count], axis=(0, 2, 3))
    offset = torch.from_numpy(mean).float().view(1, 1, count, 1, 1)
    ends = [data.to_units(torch.full_like(offset, half), offset) for half in (-0.5, 0.5)]
    return tuple((ends[1] - ends[0]).flatten().tolist())


def set_aside(run: RunFolder) -> Path | None:
    """Copy the corrections of a run, if it has any, to where those of before lie; where that is."""
    if not run.calibration.is_file():
        return None
    run.write(run.former_calibration, run.calibration.read_bytes())
    return run.former_calibration


def read_calibration(run: RunFolder) -> ConformalCalibration | None:
    """The corrections of a run, None where it has none. Raises CheckFailed where they are damaged."""
    if not run.calibration.is_file():
        return None
    try:
        return ConformalCalibration.from_json(run.read_text(run.calibration))
    except (CheckFailed, ValueError, OSError) as error:
        raise CheckFailed(f"{run.calibration}: {error}") from error
