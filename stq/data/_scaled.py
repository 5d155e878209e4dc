"""Normalised values, finite everywhere, of the steps and cells that are asked for: what windows are made of."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64

from stq.data._field_store import FieldStore
from stq.data._statistics import Statistics
from stq.data._tiles import Tile
from stq.data._transform import transform


@dataclass(frozen=True, eq=False)
class Scaled:
    """N steps of V moving variables as `(value - centre) / deviation`, made as they are read.

    A missing value stands at its climatology (0 for anomalies) and is not valid.
    """

    store: FieldStore
    statistics: Statistics
    centre: Float32[np.ndarray, "P V Y X"]
    phases: Int64[np.ndarray, " N"]
    change: Float32[np.ndarray, " V"]
    """Deviations to one step of change: what turns a difference of `fields` into units of the one-step change."""

    def cut(
        self, steps: Int64[np.ndarray, " n"], tile: Tile, variables: slice = slice(None)
    ) -> tuple[Float32[np.ndarray, "n v y x"], Bool[np.ndarray, "n v y x"]]:
        """The normalised fields of some steps within a rectangle, and which of them are valid."""
        statistics = self.statistics
        values = self.store.read(steps, tile, variables)
        values = transform(values, statistics.transforms[variables], statistics.moving[variables])
        phases, rows, columns = self.phases[steps], tile.rows, tile.columns
        centre = self.centre[phases, variables, rows, columns]
        deviation = statistics.deviation[variables, None, None]
        fields = (values - centre) / deviation
        valid = np.isfinite(values)
        if not valid.all():
            normal = (statistics.climatology[phases, variables, rows, columns] - centre) / deviation
            np.copyto(fields, normal, where=~valid)
        return fields, valid


def scale_fields(store: FieldStore, statistics: Statistics, months: Int64[np.ndarray, " N"]) -> Scaled:
    """The fields of `store` as `statistics` normalise them; `months` are the calendar months of its steps."""
    return Scaled(
        store=store,
        statistics=statistics,
        centre=statistics.centre,
        phases=statistics.phases(months),
        change=statistics.deviation / statistics.step,
    )


def last_known(
    fields: Float32[np.ndarray, "T V Y X"], valid: Bool[np.ndarray, "T V Y X"]
) -> Float32[np.ndarray, "V Y X"]:
    """The youngest valid value of each cell of a window; what `fields` holds at the last step where none is."""
    if valid[-1].all():
        return np.asarray(fields[-1])
    found, known = fields[-1].copy(), valid[-1].copy()
    for earlier in range(len(fields) - 2, -1, -1):
        fresh = ~known & valid[earlier]
        np.copyto(found, fields[earlier], where=fresh)
        known |= fresh
    return np.asarray(found)


def carried_forward(
    fields: Float32[np.ndarray, "T V Y X"], valid: Bool[np.ndarray, "T V Y X"]
) -> tuple[Float32[np.ndarray, "T V Y X"], Bool[np.ndarray, "T V Y X"]]:
    """Each missing value as the youngest valid one before it in the window, and where there is any."""
    if valid.all():
        return fields, valid
    found, known = fields.copy(), valid.copy()
    for step in range(1, len(found)):
        fresh = ~known[step] & known[step - 1]
        np.copyto(found[step], found[step - 1], where=fresh)
        known[step] |= fresh
    return found, known
