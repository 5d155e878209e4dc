"""The training climatology: what is normal at each cell, by calendar month where the training part can tell."""

import numpy as np
from jaxtyping import Float, Float64, Int64

_CYCLES = 2


def climatology_months(
    months: Int64[np.ndarray, " N"], years: Int64[np.ndarray, " N"], train: range
) -> tuple[int, ...]:
    """The calendar months to tell apart: those of the whole series, or none.

    Each of them must occur in at least two years of the training part; else one mean over all months must do.
    """
    present = sorted(set(months.tolist()))
    seen = set(zip(months[train.start : train.stop].tolist(), years[train.start : train.stop].tolist(), strict=True))
    cycles = {month: sum(1 for other, _ in seen if other == month) for month in present}
    return tuple(present) if len(present) > 1 and min(cycles.values()) >= _CYCLES else ()


def fit_climatology(
    field: Float[np.ndarray, "N Y X"], phases: Int64[np.ndarray, " N"], count: int
) -> Float64[np.ndarray, "P Y X"]:
    """The mean of each cell over the valid steps of each of `count` phases, finite everywhere.

    A cell without a valid value in a phase takes its mean over all phases; a cell without any takes the field's mean in
    that phase (the mean over all other cells' climatologies).
    """
    valid = np.isfinite(field)
    known = np.where(valid, field, 0).astype(np.float64)
    totals = np.stack([known[phases == phase].sum(axis=0) for phase in range(count)])
    counts = np.stack([valid[phases == phase].sum(axis=0) for phase in range(count)])
    overall = totals.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
    maps = np.where(counts > 0, totals / np.maximum(counts, 1), overall)
    known_cells = counts.sum(axis=0) > 0
    elsewhere: Float64[np.ndarray, " P"] = maps[:, known_cells].mean(axis=1)
    return np.where(known_cells, maps, elsewhere[:, None, None])
