"""Splits moved to another end of the training part: whatever they were, nothing of the future comes into training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stq.app._evaluate_origins import cut
from stq.app._origin_splits import move
from stq.data import plan_windows
from stq.errors import DataError

LENGTHS = st.lists(st.integers(1, 30), min_size=4, max_size=4)
NAMES = ("train", "val", "calibration", "test")


def laid(lengths: list[int], start: int, apart: int) -> dict[str, range]:
    """Parts one after the other, with steps between them that belong to none."""
    parts = {}
    for name, length in zip(NAMES, lengths, strict=True):
        parts[name] = range(start, start + length)
        start += length + apart
    return parts


@given(LENGTHS, st.integers(0, 3), st.integers(0, 3), st.integers(0, 200), st.integers(1, 4), st.integers(1, 3))
def test_no_target_of_test_lies_before_the_cut_off(
    lengths: list[int], start: int, apart: int, end: int, history: int, horizon: int
) -> None:
    parts, steps = laid(lengths, start, apart), 150
    shift = end - parts["train"].stop
    try:
        moved = move(parts, end, steps)
        plan = plan_windows(steps, history, (horizon,), moved)
    except DataError:
        return
    assert moved["train"] == range(start, end)
    for name in NAMES[1:]:
        assert len(moved[name]) == len(parts[name])
        assert moved[name].start - parts[name].start == shift
        assert all(end <= issued + horizon < steps for issued in plan.issued[name])
    assert all(issued + horizon < end for issued in plan.issued["train"])


@given(LENGTHS, st.integers(-5, 200))
def test_what_does_not_fit_into_the_series_is_refused(lengths: list[int], end: int) -> None:
    parts, steps = laid(lengths, 0, 0), 60
    shift = end - parts["train"].stop
    if end > 0 and parts["test"].stop + shift <= steps:
        assert max(part.stop for part in move(parts, end, steps).values()) <= steps
    else:
        with pytest.raises(DataError, match=r"after the series|before it begins"):
            move(parts, end, steps)


def test_a_split_that_tests_on_the_past_is_not_moved() -> None:
    with pytest.raises(DataError, match="test does not come after"):
        move({"test": range(5), "train": range(5, 20), "val": range(20, 25)}, 15, 30)


@given(st.integers(2, 12), st.integers(0, 40))
def test_blocks_are_consecutive_whole_and_even(count: int, more: int) -> None:
    blocks = cut(count + more, count)
    assert [number for first, stop in blocks for number in range(first, stop)] == list(range(count + more))
    lengths = [stop - first for first, stop in blocks]
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) >= 1
