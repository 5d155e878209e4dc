"""The series in normalised values, finite everywhere: what windows are cut from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64

from stq.data._series import Series
from stq.data._statistics import Statistics
from stq.errors import DataError


@dataclass(frozen=True, eq=False)
class Scaled:
    """N steps of V moving variables as `(value - centre) / deviation`.

    A missing value stands at its climatology (0 for anomalies) and is not `valid`.
    """

    fields: Float32[np.ndarray, "N V Y X"]
    valid: Bool[np.ndarray, "N V Y X"]
    last: Float32[np.ndarray, "N V Y X"]
    """The last known value at each step, looking back through the window that ends there, else the climatology."""
    centre: Float32[np.ndarray, "P V Y X"]
    phases: Int64[np.ndarray, " N"]
    change: Float32[np.ndarray, " V"]
    """Deviations to one step of change: what turns a difference of `fields` into units of the one-step change."""


def scale_series(series: Series, statistics: Statistics, history: int) -> Scaled:
    """Normalise every step; `history` is how far a window looks back for the last known value."""
    phases = statistics.phases(series.times.months)
    centre, valid = statistics.centre, np.isfinite(series.values)
    deviation = statistics.deviation[:, None, None]
    fields = (series.values - centre[phases]) / deviation
    if not valid.all():
        normal = (statistics.climatology - centre) / deviation
        np.copyto(fields, normal[phases], where=~valid)
    return Scaled(
        fields=fields,
        valid=valid,
        last=last_known(fields, valid, history),
        centre=centre,
        phases=phases,
        change=statistics.deviation / statistics.step,
    )


def last_known(
    fields: Float32[np.ndarray, "N V Y X"], valid: Bool[np.ndarray, "N V Y X"], history: int
) -> Float32[np.ndarray, "N V Y X"]:
    """At each step the youngest valid value among the `history` steps up to it; what `fields` holds where none is."""
    if valid.all():
        return fields
    found, known = fields.copy(), valid.copy()
    for back in range(1, min(history, len(fields))):
        fresh = ~known[back:] & valid[:-back]
        np.copyto(found[back:], fields[:-back], where=fresh)
        known[back:] |= fresh
    return found


def refuse_unknown_targets(
    scaled: Scaled, targets: Sequence[str], issued: Mapping[str, Sequence[int]], horizons: Sequence[int]
) -> None:
    """Refuse, before training rather than after it, splits that can't judge some target at some horizon.

    Raises:
        DataError: no window of a split has a valid value of it.
    """
    for split, steps in issued.items():
        for horizon in horizons:
            known = scaled.valid[np.array(steps) + horizon, : len(targets)]
            for index, name in enumerate(targets):
                if not known[:, index].any():
                    raise DataError(
                        f"target '{name}' has no valid value in {split} at horizon {horizon}: "
                        f"choose other dates for it (data.split), or leave the target out"
                    )


def windows_with_targets(
    scaled: Scaled, count: int, issued: Mapping[str, Sequence[int]], horizons: Sequence[int]
) -> tuple[dict[str, tuple[int, ...]], tuple[str, ...]]:
    """The windows in which at least one of the `count` targets is known somewhere, and a note on the others.

    A window without any teaches and judges nothing, and its losses have no gradient.
    """
    known = np.asarray(scaled.valid[:, :count].any(axis=(1, 2, 3)))
    leads = np.array(horizons)
    kept = {split: tuple(step for step in steps if bool(known[step + leads].any())) for split, steps in issued.items()}
    notes = []
    for split, steps in issued.items():
        lost = len(steps) - len(kept[split])
        if lost:
            notes.append(f"{lost} of {len(steps)} windows of {split} left out: not one target of theirs is known")
    return kept, tuple(notes)


def target_range(
    scaled: Scaled, statistics: Statistics, issued: Sequence[int], horizons: Sequence[int], first_issue: int
) -> tuple[Float32[np.ndarray, " C"], Float32[np.ndarray, " C"]]:
    """The least and greatest normalised value of each target over the windows issued at `issued`.

    Only windows issued at `first_issue` or later count, unless there are none: with `relative_to: last` too, the range
    then hangs on the training part alone. A target that does not vary is given a range of 1 around its value.
    """
    count = len(statistics.targets)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    steps = np.array([step for step in issued if step >= first_issue] or list(issued))
    for horizon in horizons:
        fields, valid = scaled.fields[steps + horizon, :count], scaled.valid[steps + horizon, :count]
        if statistics.relative_to == "last":
            fields = (fields - scaled.last[steps, :count]) * scaled.change[:count, None, None]
        low = np.minimum(low, np.where(valid, fields, np.inf).min(axis=(0, 2, 3)))
        high = np.maximum(high, np.where(valid, fields, -np.inf).max(axis=(0, 2, 3)))
    for name, bound in zip(statistics.targets, low, strict=True):
        if not np.isfinite(bound):
            raise DataError(f"target '{name}' has no valid value among the targets of the training windows")
    flat = 0.5 * (high <= low)
    return (low - flat).astype(np.float32), (high + flat).astype(np.float32)
