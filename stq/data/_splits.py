"""Which steps of the series belong to which split."""

import re
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from stq.data._time_axis import TimeAxis
from stq.errors import DataError, UsageError

ORDER = ("train", "val", "calibration", "test")
"""The order in time of splits that are given as fractions."""

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2})(?::(\d{2})(?::(\d{2}))?)?)?)?)?Z?")
_EARLIEST = (0, 1, 1, 0, 0, 0)
_LATEST = (9999, 12, 31, 23, 59, 59)
_RANGES = tuple(zip(_EARLIEST, _LATEST, strict=True))


def resolve_splits(splits: Mapping[str, tuple[str, str] | float], times: TimeAxis) -> dict[str, range]:
    """The steps of each split, as one range of indices each, in the order given.

    Dates count from the beginning of the first to the end of the last, however partial: 1995-01 is all of January.
    They are compared part by part, which holds in every calendar. Fractions are contiguous blocks from the start.

    Raises:
        DataError: a split that is empty, overlaps another, or leaves the series; dates mixed with fractions.
    """
    dated = {name: pair for name, pair in splits.items() if isinstance(pair, tuple)}
    shares = {name: share for name, share in splits.items() if not isinstance(share, tuple)}
    if dated and shares:
        raise DataError(
            f"data.split: give dates for every split or fractions for every split; "
            f"{', '.join(dated)} has dates, {', '.join(shares)} a fraction"
        )
    found = {name: _between(name, pair, times) for name, pair in dated.items()} or _by_share(shares, times)
    by_start = sorted(found.items(), key=lambda item: item[1].start)
    for (first, here), (second, there) in pairwise(by_start):
        if there.start < here.stop:
            labels = times.labels
            raise DataError(
                f"data.split: {first} and {second} overlap from {labels[there.start]} "
                f"to {labels[min(here.stop, there.stop) - 1]} {_extent(times)}"
            )
    return found


def steps_in(date: str, times: TimeAxis, steps: int, key: str) -> range:
    """Those of the first `steps` of the axis that a date, perhaps partial, names: 1995-01 is all of January.

    Raises:
        UsageError: it is no date; `key` is where the user gave it.
        DataError: it names no step.
    """
    try:
        parts = _parse(date, key)
    except DataError as error:
        raise UsageError(str(error)) from error
    depth = len(parts)
    inside = np.flatnonzero(_keys(times.parts[:steps], depth) == _keys(np.array([parts]), depth))
    if not len(inside):
        labels = times.labels[:steps]
        raise DataError(
            f"{key} {date}: there is no such step (the series runs from {labels[0]} to {labels[-1]}, {steps} steps)"
        )
    return range(int(inside[0]), int(inside[-1]) + 1)


def _between(name: str, pair: tuple[str, str], times: TimeAxis) -> range:
    first, last = (_parse(date, f"data.split: {name} has") for date in pair)
    shared = min(len(first), len(last))
    if first[:shared] > last[:shared]:
        raise DataError(f"data.split: {name} ends ({pair[1]}) before it begins ({pair[0]})")
    if first + _LATEST[len(first) :] <= times.preceding or last + _EARLIEST[len(last) :] >= times.following:
        raise DataError(
            f"data.split: {name} ({pair[0]} to {pair[1]}) reaches beyond the series {_extent(times)}",
            ("data", "split", name),
        )
    inside = np.flatnonzero(_not_before(times.parts, first) & ~_after(times.parts, last))
    if not len(inside):
        raise DataError(
            f"data.split: {name} ({pair[0]} to {pair[1]}) holds no step of the series {_extent(times)}",
            ("data", "split", name),
        )
    return range(int(inside[0]), int(inside[-1]) + 1)


def _by_share(shares: Mapping[str, float], times: TimeAxis) -> dict[str, range]:
    total = sum(shares.values())
    for name in shares:
        if name not in ORDER:
            raise DataError(f"data.split: '{name}' has no place in the order of fractions, {', '.join(ORDER)}")
    if not all(share > 0 for share in shares.values()) or total > 1 + 1e-6:
        raise DataError(f"data.split: fractions must be above 0 and add up to at most 1; these add up to {total:g}")
    found: dict[str, range] = {}
    before, start = 0.0, 0
    for name in sorted(shares, key=ORDER.index):
        before += shares[name]
        stop = min(round(before * len(times)), len(times))
        if stop <= start:
            raise DataError(
                f"data.split: {name} ({shares[name]:g} of {len(times)} steps) holds no step {_extent(times)}",
                ("data", "split", name),
            )
        found[name] = range(start, stop)
        start = stop
    return found


def _parse(date: str, where: str) -> tuple[int, ...]:
    match = _DATE.fullmatch(date.strip())
    parts = tuple(int(part) for part in match.groups() if part is not None) if match else ()
    if not parts or not all(low <= part <= high for part, (low, high) in zip(parts, _RANGES, strict=False)):
        raise DataError(f"{where} '{date}' where a date such as 1995, 1995-01 or 1995-01-31 is expected")
    return parts


def _not_before(parts: np.ndarray, date: tuple[int, ...]) -> np.ndarray:
    return _keys(parts, len(date)) >= _keys(np.array([date]), len(date))


def _after(parts: np.ndarray, date: tuple[int, ...]) -> np.ndarray:
    return _keys(parts, len(date)) > _keys(np.array([date]), len(date))


def _keys(parts: np.ndarray, depth: int) -> np.ndarray:
    """One number per date that orders like the first `depth` parts."""
    keys = np.zeros(len(parts), dtype=np.int64)
    for part in range(depth):
        keys = keys * 100 + parts[:, part]
    return keys


def _extent(times: TimeAxis) -> str:
    labels = times.labels
    return f"(the series runs from {labels[0]} to {labels[-1]}, {len(times)} steps)"
