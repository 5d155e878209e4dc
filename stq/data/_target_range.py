"""How far the normalised targets of the training windows reach."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float32

from stq.data._field_store import in_blocks
from stq.data._scaled import Scaled, last_known
from stq.errors import DataError


def target_range(
    scaled: Scaled, issued: Sequence[int], history: int, horizons: Sequence[int], first_issue: int
) -> tuple[Float32[np.ndarray, " C"], Float32[np.ndarray, " C"]]:
    """The least and greatest normalised value of each target over the windows issued at `issued`.

    Only windows issued at `first_issue` or later count, unless there are none: with `relative_to: last` too, the range
    then hangs on the training part alone. A target that does not vary is given a range of 1 around its value.
    """
    statistics = scaled.statistics
    steps = np.array([step for step in issued if step >= first_issue] or list(issued))
    relative = statistics.relative_to == "last"
    blocks = _changes(scaled, steps, history, horizons) if relative else _levels(scaled, steps, horizons)
    count = len(statistics.targets)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    for fields, valid in blocks:
        low = np.minimum(low, np.where(valid, fields, np.inf).min(axis=(0, 2, 3)))
        high = np.maximum(high, np.where(valid, fields, -np.inf).max(axis=(0, 2, 3)))
    for name, bound in zip(statistics.targets, low, strict=True):
        if not np.isfinite(bound):
            raise DataError(f"target '{name}' has no valid value among the targets of the training windows")
    flat = 0.5 * (high <= low)
    return (low - flat).astype(np.float32), (high + flat).astype(np.float32)


def _levels(scaled: Scaled, issued: np.ndarray, horizons: Sequence[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every step that is a target of some window, once."""
    steps = np.unique(issued[:, None] + np.array(horizons))
    count = len(scaled.statistics.targets)
    for block in in_blocks(scaled.store, steps, count):
        yield scaled.cut(steps[block], scaled.store.whole, slice(0, count))


def _changes(
    scaled: Scaled, issued: np.ndarray, history: int, horizons: Sequence[int]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The targets of each window relative to its last known frame; neighbouring windows share their reading."""
    count, length = len(scaled.statistics.targets), history + max(horizons)
    change = scaled.change[:count, None, None]
    for block in in_blocks(scaled.store, issued, 2 * count):
        chosen = issued[block]
        first, last = int(chosen[0]) - history + 1, int(chosen[-1]) + max(horizons)
        if last - first >= 2 * (len(chosen) + length):  # far apart: each window for itself
            for step in chosen:
                yield from _changes_of(scaled, np.array([step]), history, horizons, count, change)
        else:
            yield from _changes_of(scaled, chosen, history, horizons, count, change)


def _changes_of(
    scaled: Scaled, issued: np.ndarray, history: int, horizons: Sequence[int], count: int, change: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    first = int(issued[0]) - history + 1
    steps = np.arange(first, int(issued[-1]) + max(horizons) + 1)
    fields, valid = scaled.cut(steps, scaled.store.whole, slice(0, count))
    for step in issued - first:
        window = slice(step - history + 1, step + 1)
        last, ahead = last_known(fields[window], valid[window]), step + np.array(horizons)
        yield (fields[ahead] - last) * change, valid[ahead]
