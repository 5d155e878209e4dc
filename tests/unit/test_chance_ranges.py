"""The coverage to expect by chance counts the frames that each correction was fitted to, and those alone."""

from dataclasses import replace

import pytest
from support.reported import SCORE

from stq.app._evaluate import chance_ranges
from stq.calibration import ConformalCalibration, Corrections, expected_coverage_range


def calibration(whole: int, *groups: int) -> ConformalCalibration:
    """Of so many frames, and of groups of so many."""
    parts = [Corrections((((0.0,), (0.0,)),), ((9,),), ((frames,),)) for frames in (whole, *groups)]
    return ConformalCalibration(
        ("ozone",),
        ("DU",),
        (1,),
        (0.025, 0.975),
        parts[0].outward,
        parts[0].cells,
        parts[0].frames,
        groups=tuple(f"group {number}" for number in range(len(groups))),
        grouped=tuple(parts[1:]),
    )


@pytest.mark.parametrize(("groups", "counted"), [((), 24), ((24, 24), 24), ((6, 7, 11), 6), ((0, 13, 11), 11)])
def test_the_least_group_with_frames_of_its_own_counts(groups: tuple[int, ...], counted: int) -> None:
    """Of no group: all frames together, which also serve a group without any."""
    row = chance_ranges((SCORE,), calibration(24, *groups), "test")[0]
    assert row.calibration_frames == counted
    assert (row.low, row.high) == expected_coverage_range(row.expected, counted, scored_frames=SCORE.frames)


def test_nothing_is_left_to_chance_where_a_band_is_scored_on_what_it_was_fitted_to() -> None:
    fitted = replace(calibration(24), fitted_on="calibration")
    assert chance_ranges((SCORE,), fitted, "calibration") == ()
    assert chance_ranges((SCORE,), fitted, "test")
    assert chance_ranges((SCORE,), None, "test") == ()
