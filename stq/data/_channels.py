"""What the network is given at each input step, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64

from stq.data._calendar import calendar_names
from stq.data._request import CalendarFeature, Fill
from stq.data._scaled import Scaled, carried_forward, last_known
from stq.data._statistics import Statistics
from stq.data._tiles import Tile


@dataclass(frozen=True, eq=False)
class Future:
    """What is known ahead: F moving variables (the last of them) and E calendar features, at each of H horizons."""

    variables: tuple[str, ...]
    leads: Int64[np.ndarray, " H"]
    calendar: Float32[np.ndarray, "N E"]


@dataclass(frozen=True, eq=False)
class Channels:
    """The K input channels, in this order:

    targets, further inputs, the last frame of each of those (only relative to it), static maps, calendar features,
    the gap before each step (only of irregular steps), missing-value indicators (1 where missing) of the variables that
    miss a value somewhere in the training part; then, the same at every input step, what is known ahead: at each
    horizon the future variables, the calendar features and the indicators of those variables.
    """

    scaled: Scaled
    static: Float32[np.ndarray, "S Y X"]
    moments: Float32[np.ndarray, "N F"]
    """What is the same everywhere on a step: calendar features, and the gap before it."""
    indicated: Int64[np.ndarray, " I"]
    future: Future
    fill: Fill

    @property
    def relative(self) -> bool:
        """Whether inputs are differences from the last frame."""
        return self.scaled.statistics.relative_to == "last"

    def count(self) -> int:
        """K."""
        moving = len(self.scaled.statistics.moving) * (2 if self.relative else 1)
        ahead = len(self.future.variables) + self.future.calendar.shape[1] + len(self._indicated_ahead())
        present = moving + len(self.static) + self.moments.shape[1] + len(self.indicated)
        return int(present + ahead * len(self.future.leads))

    def cut(
        self,
        steps: Int64[np.ndarray, " T"],
        tile: Tile,
        fields: Float32[np.ndarray, "T V y x"],
        valid: Bool[np.ndarray, "T V y x"],
    ) -> Float32[np.ndarray, "T K y x"]:
        """The channels of a window, from its normalised fields."""
        rows, columns = tile.rows, tile.columns
        length, moving, height, width = fields.shape
        found = np.empty((length, self.count(), height, width), dtype=np.float32)
        at = moving
        filled, known = carried_forward(fields, valid) if self.fill == "forward" else (fields, valid)
        if self.relative:
            frame = last_known(fields, valid)
            found[:, :moving] = np.where(known, (filled - frame) * self.scaled.change[:, None, None], 0)
            found[:, at : at + moving] = frame
            at += moving
        else:
            found[:, :moving] = filled
        for part in (self.static[:, rows, columns], self.moments[steps, :, None, None]):
            size = part.shape[-3]
            found[:, at : at + size] = part
            at += size
        if len(self.indicated):
            found[:, at : at + len(self.indicated)] = ~valid[:, self.indicated]
            at += len(self.indicated)
        if at < found.shape[1]:
            self._look_ahead(int(steps[-1]) + self.future.leads, tile, found[:, at:])
        return found

    def _indicated_ahead(self) -> Int64[np.ndarray, " J"]:
        """Which of the future variables come with an indicator."""
        first = len(self.scaled.statistics.moving) - len(self.future.variables)
        return self.indicated[self.indicated >= first] - first

    def _look_ahead(self, targets: Int64[np.ndarray, " H"], tile: Tile, found: Float32[np.ndarray, "T A y x"]) -> None:
        """Fill in what is known ahead, horizon by horizon, from absolute values whatever the inputs are relative to."""
        moving, ahead = len(self.scaled.statistics.moving), len(self.future.variables)
        shown = np.zeros((len(targets), 0, *found.shape[-2:]), dtype=np.float32)
        hidden = np.zeros((len(targets), 0, *found.shape[-2:]), dtype=bool)
        if ahead:
            shown, valid = self.scaled.cut(targets, tile, slice(moving - ahead, moving))
            hidden = ~valid[:, self._indicated_ahead()]
        at = 0
        for lead, target in enumerate(targets):
            for part in (shown[lead], self.future.calendar[target, :, None, None], hidden[lead]):
                found[:, at : at + len(part)] = part
                at += len(part)


def channel_names(
    statistics: Statistics,
    calendar: Sequence[CalendarFeature],
    *,
    gaps: bool = False,
    ahead: Sequence[str] = (),
    ahead_calendar: Sequence[CalendarFeature] = (),
    horizons: Sequence[int] = (),
) -> tuple[str, ...]:
    """The name of each of the K channels."""
    moving = statistics.moving
    last = tuple(f"{name} last" for name in moving) if statistics.relative_to == "last" else ()
    indicated = [moving[index] for index in np.flatnonzero(statistics.indicated)]
    missing = tuple(f"{name} missing" for name in indicated)
    future = (
        *ahead,
        *calendar_names(ahead_calendar),
        *(f"{name} missing" for name in indicated if name in ahead),
    )
    return (
        *(*moving, *last, *statistics.static, *calendar_names(calendar), *(("gap",) if gaps else ()), *missing),
        *(f"{name} +{horizon}" for horizon in horizons for name in future),
    )
