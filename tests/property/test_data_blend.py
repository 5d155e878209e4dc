"""Tiles that are put together give the field that one piece gives, as far as each tile can know it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stq.data._blend import blend, margin_of, reaches
from stq.data._seams import Seams
from stq.errors import UsageError


@st.composite
def cuts(draw: st.DrawFn) -> tuple[int, int, int]:
    """Length, side and overlap."""
    side = draw(st.integers(1, 30))
    return draw(st.integers(1, 90)), side, draw(st.integers(0, side - 1))


@given(cuts())
def test_weights_add_up_to_one_in_every_cell(cut: tuple[int, int, int]) -> None:
    length, side, _ = cut
    total = np.zeros(length)
    for reach in reaches(*cut):
        assert len(reach.weight) == reach.stop - reach.start == min(side, length)
        assert (reach.weight >= 0).all()
        total[reach.start : reach.stop] += reach.weight
    np.testing.assert_allclose(total, 1, atol=1e-6)


@given(cuts())
def test_neighbours_share_what_was_asked_for_and_their_borders_count_nothing(cut: tuple[int, int, int]) -> None:
    length, _, overlap = cut
    found, margin = reaches(*cut), margin_of(overlap)
    for here, there in pairwise(found):
        assert here.stop - there.start >= overlap
        assert not here.weight[len(here.weight) - margin :].any()
        assert not there.weight[:margin].any()
    assert found[0].start == 0
    assert found[-1].stop == length


def smoothed(field: np.ndarray, radius: int) -> np.ndarray:
    """The mean over a square, with zeros around the field: what a stack of convolutions does."""
    padded = np.pad(field, radius)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1, 2 * radius + 1))
    return windows.mean(axis=(-2, -1))


@settings(max_examples=40)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 3), st.integers(0, 12))
def test_the_field_in_tiles_is_the_field_in_one_piece(rows: int, columns: int, radius: int, more: int) -> None:
    """Where the margin covers how far the function sees."""
    overlap = next(o for o in range(100) if margin_of(o) >= radius)
    side = 2 * overlap + 1 + more
    field = np.random.default_rng(rows).normal(size=(rows, columns)).astype(np.float32)
    bands = list(
        blend(
            (rows, columns), side, overlap, 2, lambda y, x: np.stack([smoothed(field[y, x], radius)] * 2).astype("f4")
        )
    )
    assert [r.start for r, _ in bands] == [0, *(r.stop for r, _ in bands[:-1])]
    assert bands[-1][0].stop == rows
    assert max(len(band[0]) for _, band in bands) <= min(side, rows)
    np.testing.assert_allclose(
        np.concatenate([band for _, band in bands], axis=1)[1], smoothed(field, radius), atol=1e-5
    )


def test_tiles_that_do_not_advance_are_refused() -> None:
    with pytest.raises(UsageError, match="tiles of 8 cells can't share 8"):
        reaches(20, 8, 8)


@settings(max_examples=30)
@given(st.integers(9, 60), st.integers(9, 60), st.integers(4, 20), st.integers(0, 4), st.integers(0, 5))
def test_seams_are_found_in_bands_as_in_one_piece_and_a_field_without_any_has_1(
    rows: int, columns: int, side: int, overlap: int, jump: int
) -> None:
    """Tiles that each stand `jump` higher than the one before, on a slope of a step of 1 in each direction."""
    overlap = min(overlap, side - 1)
    tiles = [reaches(length, side, overlap) for length in (rows, columns)]

    def tile(y: slice, x: slice) -> np.ndarray:
        here = [next(i for i, r in enumerate(t) if r.start == s.start) for t, s in zip(tiles, (y, x), strict=True)]
        slope = np.add.outer(np.arange(y.start, y.stop), np.arange(x.start, x.stop))
        return np.float32(slope + jump * sum(here))[None]

    banded, whole = Seams((rows, columns), side, overlap, ("air",)), Seams((rows, columns), side, overlap, ("air",))
    pieces = list(blend((rows, columns), side, overlap, 1, tile))
    for band, field in pieces:
        banded.add(0, band, field)
    field = np.concatenate([field for _, field in pieces], axis=1)
    field[:, 0, 0] = np.nan
    whole.add(0, slice(0, rows), field)
    found, in_one = banded.ratios()["air"], whole.ratios()["air"]
    assert (found is None) == (in_one is None)
    if found is None or in_one is None:
        assert max(rows, columns) <= side or side < 2 * (overlap + 1)
    else:
        assert in_one == pytest.approx(found, rel=0.2)
        assert found > 1 + 0.1 * jump if jump else found == pytest.approx(1, abs=1e-5)
