"""What stood in the same place a year before: the seasonal naive forecast."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from stq.data._forecast_data import ForecastData
from stq.tensors import Batch

_DAYS, _DAY = 31, 86400  # every month with room for 31 days, so that dates of any calendar are in order,
_SHORT = 3 * _DAY  # by which two dates may then seem further apart than they are


class YearBefore:
    """The last value known of the same time of year, for data that has a season.

    For a target at step s, forecast at step t, it is the value at the step one year before s, or as many years before
    as it takes not to look beyond t. Dates are met by the nearest step, if it is nearer than the step of the series;
    29 February takes 28 February.
    """

    def __init__(self, data: ForecastData) -> None:
        self._data = data
        self._before = steps_a_year_before(data.times)

    @property
    def known_season(self) -> bool:
        """Whether there is a season, and every target but those of training has such a step.

        A season is there where the climatology goes by month: the training part holds each of them in two years.
        """
        judged = (windows for name, windows in self._data.splits.items() if name != "train")
        return bool(self._data.normaliser.months) and all(
            bool((self._steps(np.array(windows.issue_times)) >= 0).all()) for windows in judged
        )

    def of(self, batch: Batch) -> Float[Tensor, "B H C Y X"]:
        """The forecast in units, for whole fields; NaN where the value is missing or the series does not reach back."""
        data, targets = self._data, slice(0, len(self._data.variables))
        found = torch.full_like(batch.offset, torch.nan)
        for sample, steps in enumerate(self._steps(batch.time.cpu().numpy())):
            there = np.flatnonzero(steps >= 0)
            if len(there):
                read, back = np.unique(steps[there], return_inverse=True)
                values = data.fields.read(read, data.fields.whole, targets)[back]
                found[sample, torch.from_numpy(there)] = torch.from_numpy(values).to(found)
        return found

    def _steps(self, issued: Int64[np.ndarray, " B"]) -> Int64[np.ndarray, "B H"]:
        """The step that each target's forecast is taken from; -1 for none."""
        steps: Int64[np.ndarray, "B H"] = self._before[issued[:, None] + np.array(self._data.horizons)]
        while (late := steps > issued[:, None]).any():
            steps = np.where(late, self._before[steps], steps)
        return steps


def steps_a_year_before(times: Sequence[str]) -> Int64[np.ndarray, " N"]:
    """For each date in ISO 8601, ascending, the step whose date a year before is nearest; -1 where there is none."""
    places = np.array([_place(time) for time in times])
    step = float(np.median(np.diff(places))) if len(places) > 1 else 0.0
    reach = step / 2 + min(0.49 * step, _SHORT)
    wanted = places - 12 * _DAYS * _DAY
    found = _nearest(places, wanted, reach)
    leap = np.array(["-02-29" in time for time in times])
    return np.where((found < 0) & leap, _nearest(places, wanted - _DAY, reach), found)


def _nearest(places: Int64[np.ndarray, " N"], wanted: Int64[np.ndarray, " M"], reach: float) -> Int64[np.ndarray, " M"]:
    right = np.searchsorted(places, wanted).clip(max=len(places) - 1)
    left = (right - 1).clip(min=0)
    found = np.where(wanted - places[left] <= places[right] - wanted, left, right)
    return np.where(np.abs(places[found] - wanted) <= reach, found, -1)


def _place(time: str) -> int:
    date, _, clock = time.partition("T")
    year, month, day = map(int, date.rsplit("-", 2))
    hour, minute, second = map(int, clock.split(":")) if clock else (0, 0, 0)
    return (((year * 12 + month - 1) * _DAYS) + day - 1) * _DAY + 3600 * hour + 60 * minute + second
