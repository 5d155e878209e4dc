"""The steps that forecasts are issued at: those that are asked for, or the latest, each with what it needs."""

from collections.abc import Sequence

import numpy as np

from stq.data._field_store import FieldStore
from stq.data._request import DataRequest
from stq.data._series import Series
from stq.data._splits import steps_in
from stq.errors import DataError


def steps_of(init: Sequence[str], request: DataRequest, series: Series, steps: int, where: str) -> tuple[int, ...]:
    """The steps that are asked for, ascending, each with what a window there needs."""
    if not init:
        latest = next(
            (s for s in range(steps - 1, -1, -1) if any(known_at(series.fields, [s], present(request)))), None
        )
        if latest is None:
            raise DataError(
                f"{where}: {', '.join(request.moving)} have no value at all: there is nothing to start from"
            )
        chosen = {latest}
    else:
        chosen = {step for date in init for step in steps_in(date, series.times, steps, "--init")}
    labels = series.times.labels
    for step in sorted(chosen):
        first = step - request.history + 1
        if first < 0:
            raise DataError(
                f"{where}: a forecast from {labels[step]} needs {request.history} steps up to it (data.history), "
                f"and there are {step + 1}"
            )
        if not any(known_at(series.fields, range(first, step + 1), slice(0, len(request.targets)))):
            raise DataError(
                f"{where}: {', '.join(request.targets)} have no value from {labels[first]} to {labels[step]}: "
                f"a forecast from there has nothing to start from"
            )
        for name in request.ahead:
            at = request.moving.index(name)
            for horizon in request.horizons:
                if not any(known_at(series.fields, [step + horizon], slice(at, at + 1))):
                    raise DataError(
                        f"{where}: '{name}' is known ahead (data.future) and has no value at {labels[step + horizon]}, "
                        f"which a forecast from {labels[step]} needs"
                    )
    return tuple(sorted(chosen))


def missing_notes(inits: Sequence[int], request: DataRequest, series: Series) -> tuple[str, ...]:
    """Which variables stand at their climatology throughout, since a window has no value of theirs."""
    found = []
    for init in inits:
        known = known_at(series.fields, range(init - request.history + 1, init + 1), slice(0, len(request.moving)))
        names = [name for name, there in zip(request.moving, known, strict=True) if not there]
        if names:
            found.append(f"the forecast from {series.times.labels[init]} has no value of {', '.join(names)} to go by")
    return tuple(found)


def present(request: DataRequest) -> slice:
    """The moving variables that are not known ahead."""
    return slice(0, len(request.moving) - len(request.ahead))


def known_at(fields: FieldStore, steps: Sequence[int], variables: slice) -> list[bool]:
    """Which variables have a value anywhere at some of the steps; a frame at a time, the latest first."""
    found = [False] * len(range(*variables.indices(fields.shape[1])))
    for step in sorted(steps, reverse=True):
        frame = fields.read(np.array([step]), fields.whole, variables)[0]
        found = [known or bool(np.isfinite(field).any()) for known, field in zip(found, frame, strict=True)]
        if all(found):
            break
    return found
