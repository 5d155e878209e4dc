"""The baselines of a run: fitted where they are first asked for, kept with it, and read back."""

import hashlib
import json
from contextlib import suppress

from stq.app._baseline_forecasts import Baselines
from stq.app._fit_baselines import fitted_on
from stq.app._fitted_baselines import FittedBaselines
from stq.app._losses import levels_of
from stq.app._run_folder import RunFolder
from stq.data import ForecastData
from stq.errors import CheckFailed, DiskError
from stq.spec import LoadedSpec
from stq.training import ALONE, World

_FILES_AND_PACE = {"source", "static", "time", "batch_size", "workers", "memory", "absent_chunks"}
"""Keys of the data section that don't change a number, or are in the fingerprint of the data."""


def open_baselines(run: RunFolder, loaded: LoadedSpec, data: ForecastData, *, world: World = ALONE) -> Baselines:
    """The baselines that the run keeps; where it keeps none, or those of other data, they are fitted and kept.

    Every process of `world` has to come. Raises CheckFailed where what the run keeps is damaged, Elsewhere in the
    processes that don't lead.
    """
    kept: FittedBaselines | None = None
    with world.together():
        if world.leads:
            kept = read_baselines(run)
    kept = world.leaders(kept)
    if kept is not None and kept.key == key_of(loaded, data):
        return Baselines(data, kept)
    found = fit_baselines(loaded, data, world=world)
    with world.together():
        if world.leads:
            with suppress(DiskError):  # a run that can't be written to can still be scored
                run.write(run.baselines, found.fitted.to_json())
    return found


def read_baselines(run: RunFolder) -> FittedBaselines | None:
    """What a run keeps of its baselines, None where it keeps nothing. Raises CheckFailed where that is damaged."""
    if not run.baselines.is_file():
        return None
    try:
        return FittedBaselines.from_json(run.baselines.read_text(encoding="utf-8"))
    except (CheckFailed, ValueError, OSError) as error:
        raise CheckFailed(f"{run.baselines}: {error}; delete it to have it made anew") from error


def fit_baselines(loaded: LoadedSpec, data: ForecastData, *, world: World = ALONE) -> Baselines:
    """Fit them: the leading process's work, so that the numbers are the same for every number of processes.

    Two passes over the training windows, whole and each once whatever the network is given (the second one for the
    bands), and one over the calibration part.
    """
    fitted: FittedBaselines | None = None
    with world.together():
        if world.leads:
            fitted = fitted_on(loaded.spec, data, key=key_of(loaded, data))
    fitted = world.leaders(fitted)
    assert fitted is not None  # for the type checker: the leading process has one
    return Baselines(data, fitted)


def key_of(loaded: LoadedSpec, data: ForecastData) -> str:
    """One short text that differs where the baselines would."""
    spec = loaded.spec
    windows = spec.data.model_dump(mode="json", exclude=_FILES_AND_PACE)
    calibration = None if spec.calibration is None else spec.calibration.model_dump(mode="json")
    parts = [data.fingerprint, data.channel_names, windows, levels_of(loaded), calibration]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
