"""The baselines of a run: fitted where they are first asked for, kept with it, and read back."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress

from stq.app._calibrate import groups_of, read_calibration
from stq.app._losses import levels_of
from stq.app._run_folder import RunFolder
from stq.app._run_lock import InUse
from stq.app.baselines._fit import CalibrationTerms, fitted_on
from stq.app.baselines._fitted import FittedBaselines
from stq.app.baselines._forecasts import Baselines
from stq.data import ForecastData
from stq.errors import CheckFailed, DiskError
from stq.spec import CalibrationSpec, LoadedSpec
from stq.training import ALONE, World

_FILES_AND_PACE = {"source", "static", "time", "batch_size", "workers", "memory", "absent_chunks"}
"""Keys of the data section that don't change a number, or are in the fingerprint of the data."""


def open_baselines(run: RunFolder, loaded: LoadedSpec, data: ForecastData, *, world: World = ALONE) -> Baselines:
    """The baselines that the run keeps; where it keeps none, or those of other data, they are fitted and kept.

    Their bands are calibrated on the terms that the run's own band is calibrated on now; not where that is not.

    Every process of `world` has to come. Raises CheckFailed where what the run keeps is damaged, Elsewhere in the
    processes that don't lead.
    """
    return _led(world, lambda: _kept_or_fitted(run, loaded, data), loaded, data, run)


def fit_baselines(loaded: LoadedSpec, data: ForecastData, *, world: World = ALONE) -> Baselines:
    """Fit them, and calibrate them on the terms of the spec: the leading process's work, so that the numbers are the
    same for every number of processes. Every process of `world` has to come.
    """
    return _led(world, lambda: _fitted(loaded, data, terms_of_spec(loaded, data)), loaded, data, None)


def _led(
    world: World, make: Callable[[], FittedBaselines], loaded: LoadedSpec, data: ForecastData, run: RunFolder | None
) -> Baselines:
    """What the leading process makes, in all processes."""
    fitted: FittedBaselines | None = None
    with world.together():
        if world.leads:
            fitted = make()
    fitted = world.leaders(fitted)
    assert fitted is not None  # for the type checker: the leading process has one
    return Baselines(data, fitted, groups_of(fitted.by, data, loaded, run))


def _kept_or_fitted(run: RunFolder, loaded: LoadedSpec, data: ForecastData) -> FittedBaselines:
    terms = terms_of_run(run, data)
    kept = read_baselines(run)
    if kept is not None and kept.key == key_of(loaded, data, terms):
        return kept
    found = _fitted(loaded, data, terms, run)
    with suppress(DiskError, InUse), run.claimed("stq eval"):  # a run that can't be written to can still be scored
        run.write(run.baselines, found.to_json())
    return found


def _fitted(
    loaded: LoadedSpec, data: ForecastData, terms: CalibrationTerms | None, run: RunFolder | None = None
) -> FittedBaselines:
    groups = None if terms is None else groups_of(terms.spec.by, data, loaded, run)
    return fitted_on(loaded.spec, data, terms, groups, key=key_of(loaded, data, terms))


def read_baselines(run: RunFolder) -> FittedBaselines | None:
    """What a run keeps of its baselines, None where it keeps nothing. Raises CheckFailed where that is damaged."""
    if not run.baselines.is_file():
        return None
    try:
        return FittedBaselines.from_json(run.read_text(run.baselines))
    except (CheckFailed, ValueError, OSError) as error:
        raise CheckFailed(f"{run.baselines}: {error}; delete it to have it made anew") from error


def terms_of_spec(loaded: LoadedSpec, data: ForecastData) -> CalibrationTerms | None:
    """How the spec has bands calibrated, None for not at all."""
    spec = loaded.spec
    if spec.calibration is None or spec.quantiles is None or "calibration" not in data.splits:
        return None
    return CalibrationTerms(spec.calibration, "calibration")


def terms_of_run(run: RunFolder, data: ForecastData) -> CalibrationTerms | None:
    """How the run's own band is calibrated, None for not at all.

    What was calibrated on other files than the run's has baselines that are calibrated on its calibration part.
    """
    calibration = read_calibration(run)
    if calibration is None:
        return None
    split = calibration.fitted_on if calibration.fitted_on in data.splits else "calibration"
    if split not in data.splits:
        return None
    terms = CalibrationSpec().model_copy(update={"by": calibration.by, "scores": calibration.scores})
    return CalibrationTerms(terms, split)


def key_of(loaded: LoadedSpec, data: ForecastData, terms: CalibrationTerms | None) -> str:
    """One short text that differs where the baselines would."""
    windows = loaded.spec.data.model_dump(mode="json", exclude=_FILES_AND_PACE)
    strata = loaded.spec.strata
    how = None if terms is None else [terms.spec.model_dump(mode="json"), terms.split]
    where = None if strata is None else strata.variable
    parts = [data.fingerprint, data.channel_names, windows, levels_of(loaded), how, where]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
