"""Which patches training is made of: known enough, away from what is held out, rare events more often."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grids import request_for, seasonal, write_grid

from stq.data import Blocks, Rare, build_data
from stq.data._areas import split_areas
from stq.data._tiles import cut_tiles
from stq.errors import DataError

SPLIT = {"train": ("1995", "1998"), "val": ("1999", "1999")}


def test_patches_need_the_least_share_of_known_targets_window_by_window(tmp_path: Path) -> None:
    field = seasonal(60, 4, 8)
    field[:, :3, :4] = np.nan  # of the left patch a quarter is known,
    field[20:30, :, :4] = np.nan  # and at times nothing
    path = write_grid(tmp_path / "a.nc", {"air": field})
    counts = {}
    for share in (0.0, 0.25, 0.26):
        data = build_data(request_for(path, split=SPLIT, patch=(4, 0), min_valid=share))
        train = data.splits["train"]
        counts[share] = len(train)
        for index in range(len(train)):
            assert float(train[index].valid.float().mean()) >= share
            assert train[index].valid.any()
    windows = 48 - 3 - 1
    assert counts == {0.0: 2 * windows - 9, 0.25: 2 * windows - 11, 0.26: windows}
    data = build_data(request_for(path, split=SPLIT, patch=(4, 0)))
    assert f"9 of {2 * windows} patches of training windows left out: none of their targets are known" in data.notes
    field[:, 3] = np.nan
    other = write_grid(tmp_path / "b.nc", {"air": field})
    with pytest.raises(DataError, match=r"no patch of train has 99% of its targets known"):
        build_data(request_for(other, split=SPLIT, patch=(4, 0), min_valid=0.99))


def test_the_share_that_must_be_known_is_of_all_targets_and_all_horizons(tmp_path: Path) -> None:
    """Of two targets one is known in all cells, the other in a quarter of them: five eighths."""
    sea = seasonal(60, 4, 4, seed=1)
    sea[:, :3] = np.nan
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60, 4, 4), "sea": sea})
    two = {"split": SPLIT, "patch": (4, 0), "targets": ("air", "sea")}
    assert len(build_data(request_for(path, **two, min_valid=0.625)).splits["train"]) == 44
    with pytest.raises(DataError, match="no patch of train has 63% of its targets known"):
        build_data(request_for(path, **two, min_valid=0.63))


def test_whole_fields_go_through_the_network_in_no_more_memory_than_patches(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60, 4, 8)})
    patches = build_data(request_for(path, split=SPLIT, patch=(4, 0)))
    assert [patches.whole_fields(batch) for batch in (1, 2, 7, 8)] == [1, 1, 3, 4]
    assert build_data(request_for(path, split=SPLIT)).whole_fields(8) == 8


def test_rare_events_are_drawn_more_often_and_the_share_is_told(tmp_path: Path) -> None:
    field = seasonal(60, 4, 8)
    field[30, 1, 6] = 400.0
    path = write_grid(tmp_path / "a.nc", {"air": field})
    rare = Rare("air", 350.0, 4)
    plain = build_data(request_for(path, split=SPLIT, patch=(4, 0))).splits["train"]
    data = build_data(request_for(path, split=SPLIT, patch=(4, 0), rare=rare))
    train = data.splits["train"]
    assert len(train) == len(plain) + 2 * 3  # two windows have step 30 among their targets, in the right patch
    items = [train[index] for index in range(len(train))]
    hit = [int(item.time) for item in items if data.to_units(item.values[None], item.offset[None]).max() > 350]
    assert hit == [28] * 4 + [29] * 4
    told = f"training windows with air above 350 are drawn 4 times: 2 of {len(plain)}, which makes 8.5% of an epoch"
    assert told in data.notes
    whole = build_data(request_for(path, split=SPLIT, rare=rare)).splits["train"]
    assert [whole.issue_times.count(step) for step in (27, 28, 29, 30)] == [1, 4, 4, 1]
    above_itself = build_data(request_for(path, split=SPLIT, rare=Rare("air", 400.0, 4))).splits["train"]
    assert [above_itself.issue_times.count(step) for step in (27, 28, 29, 30)] == [1, 1, 1, 1]


@settings(max_examples=60)
@given(
    rows=st.integers(4, 40),
    columns=st.integers(4, 40),
    side=st.integers(2, 16),
    buffer=st.integers(0, 6),
    held_out=st.floats(0.05, 0.9),
)
def test_training_keeps_the_buffer_from_what_is_held_out(
    rows: int, columns: int, side: int, buffer: int, held_out: float
) -> None:
    try:
        areas = split_areas((rows, columns), Blocks(side, buffer, held_out))
    except DataError:
        assert max(rows, columns) <= side
        return
    assert areas.held_out.any()
    assert not areas.held_out.all()
    here, there = np.argwhere(areas.training), np.argwhere(areas.held_out)
    if len(here):
        distance = np.abs(here[:, None] - there[None]).max(axis=2)
        assert distance.min() > buffer


def test_no_held_out_cell_is_seen_in_training_and_nothing_else_is_judged(tmp_path: Path) -> None:
    field = seasonal(60, 16, 16)
    path = write_grid(tmp_path / "a.nc", {"air": field})
    blocks = Blocks(4, 1, 0.2)
    data = build_data(request_for(path, split=SPLIT, patch=(3, 0), blocks=blocks))
    areas = split_areas((16, 16), blocks)
    tiles = [t for t in cut_tiles((16, 16), (3, 0)) if areas.training[t.rows, t.columns].all()]
    train = data.splits["train"]
    assert len(train) == len(tiles) * 44
    corners = [train[index].location[:, 0, 0].tolist() for index in range(len(tiles))]
    assert corners == [[50 - 2.5 * tile.rows.start, 2.5 * tile.columns.start] for tile in tiles]
    val = data.splits["val"]
    for index in range(len(val)):
        np.testing.assert_array_equal(val[index].valid[0, 0], areas.held_out)
    assert any("3 of 16 blocks of 4 cells are held out of training, with 1 cells around them" in n for n in data.notes)
    with pytest.raises(DataError, match=r"no patch of data\.patch fits"):
        build_data(request_for(path, split=SPLIT, patch=(12, 0), blocks=blocks))
    with pytest.raises(DataError, match=r"needs data\.patch"):
        request_for(path, blocks=blocks)
