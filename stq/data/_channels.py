"""What the network is given at each input step, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from stq.data._calendar import calendar_names
from stq.data._request import CalendarFeature
from stq.data._scaled import Scaled
from stq.data._statistics import Statistics
from stq.data._tiles import Tile


@dataclass(frozen=True, eq=False)
class Channels:
    """The K input channels, in this order:

    targets, further inputs, the last frame of each of those (only relative to it), static maps, calendar features,
    missing-value indicators (1 where missing) of the variables that miss a value somewhere in the training part.
    """

    scaled: Scaled
    relative: bool
    static: Float32[np.ndarray, "S Y X"]
    calendar: Float32[np.ndarray, "N F"]
    indicated: Int64[np.ndarray, " I"]

    @property
    def count(self) -> int:
        """K."""
        moving = self.scaled.fields.shape[1] * (2 if self.relative else 1)
        return int(moving + len(self.static) + self.calendar.shape[1] + len(self.indicated))

    def cut(self, first: int, last: int, tile: Tile) -> Float32[np.ndarray, "T K y x"]:
        """The channels of the steps first .. last, both included."""
        steps, rows, columns = slice(first, last + 1), tile.rows, tile.columns
        fields = self.scaled.fields[steps, :, rows, columns]
        length, moving, height, width = fields.shape
        found = np.empty((length, self.count, height, width), dtype=np.float32)
        at = moving
        if self.relative:
            frame = self.scaled.last[last, :, rows, columns]
            known = self.scaled.valid[steps, :, rows, columns]
            found[:, :moving] = np.where(known, (fields - frame) * self.scaled.change[:, None, None], 0)
            found[:, at : at + moving] = frame
            at += moving
        else:
            found[:, :moving] = fields
        for part in (self.static[:, rows, columns], self.calendar[steps, :, None, None]):
            size = part.shape[-3]
            found[:, at : at + size] = part
            at += size
        if len(self.indicated):
            found[:, at:] = ~self.scaled.valid[steps, :, rows, columns][:, self.indicated]
        return found


def channel_names(statistics: Statistics, calendar: Sequence[CalendarFeature]) -> tuple[str, ...]:
    """The name of each of the K channels."""
    moving = statistics.moving
    last = tuple(f"{name} last" for name in moving) if statistics.relative_to == "last" else ()
    missing = tuple(f"{moving[index]} missing" for index in np.flatnonzero(statistics.indicated))
    return (*moving, *last, *statistics.static, *calendar_names(calendar), *missing)
