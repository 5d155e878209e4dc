"""Coarser grids and smaller fields."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grids import request_for, seasonal, write_grid

from stq.data import Grid, StaticMap, build_data
from stq.data._coarsen import coarsen_field, coarsen_grid
from stq.data._tiles import cut_tiles
from stq.errors import DataError


def test_a_block_may_span_the_date_line_from_row_to_row() -> None:
    longitude = np.array([[179.0, 179.5], [-179.0, -178.5], [-177.0, -176.5], [-175.0, -174.5]])
    coarse = coarsen_grid(Grid((4, 2), lat=np.zeros((4, 2)), lon=longitude), (2, 1))
    np.testing.assert_allclose(coarse.lon, [[180.0, 180.5], [184.0, 184.5]])


def test_coarsening_equals_block_means_of_xarray(tmp_path: Path) -> None:
    field = seasonal(60, 7, 6)
    path = write_grid(tmp_path / "a.nc", {"air": field, "height": field[0]})
    data = build_data(request_for(path, coarsen=(2, 3), static=(StaticMap("height"),)))
    with xr.open_dataset(path) as dataset:
        expected = dataset.coarsen(lat=2, lon=3, boundary="trim").mean()
        found = data.fields.read(np.arange(60), data.fields.whole)[:, 0]
        np.testing.assert_allclose(found, expected["air"].values, rtol=1e-6)
        item = data.splits["test"][0]
        np.testing.assert_allclose(item.location[0, :, 0], expected["lat"].values)
        np.testing.assert_allclose(item.location[1, 0], expected["lon"].values)
        height = expected["height"].values
        np.testing.assert_allclose(item.inputs[0, 1], (height - height.mean()) / height.std(), atol=1e-4)
    assert data.size == (3, 2)
    assert "coarsen: the last 1 of 7 rows fill no whole block and are left out" in data.notes


def test_a_block_is_known_where_at_least_half_of_its_cells_are() -> None:
    field = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    field[0, 0, :2] = np.nan
    field[0, 2:, 2:] = np.nan
    field[0, 3, 3] = 15
    found = coarsen_field(field, (2, 2))
    np.testing.assert_array_equal(found[0], [[4.5, 4.5], [10.5, np.nan]])


def test_a_block_across_the_date_line_lies_at_the_date_line(tmp_path: Path) -> None:
    longitude = np.array([177.0, 179.0, -179.0, -177.0, -175.0])
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, longitude=longitude)
    data = build_data(request_for(path, coarsen=(1, 5)))
    np.testing.assert_allclose(data.splits["test"][0].location[1] % 360, 181)
    assert data.grid.x is not None
    assert data.grid.x % 360 == pytest.approx([181])  # forecasts are written with it


def test_a_block_or_a_patch_larger_than_the_field_is_refused(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()})
    with pytest.raises(DataError, match=r"data.coarsen asks for blocks of 5 rows, but the field has 4"):
        build_data(request_for(path, coarsen=(5, 1)))
    with pytest.raises(DataError, match=r"data.patch.size is 5, but the field has 4 x 5"):
        build_data(request_for(path, patch=(5, 0)))
    with pytest.raises(DataError, match=r"data.patch.overlap is 3"):
        build_data(request_for(path, patch=(3, 3)))


@settings(max_examples=60)
@given(rows=st.integers(1, 40), columns=st.integers(1, 40), length=st.integers(1, 40), data=st.data())
def test_tiles_cover_the_field_and_lie_within_it(rows: int, columns: int, length: int, data: st.DataObject) -> None:
    length = min(length, rows, columns)
    overlap = data.draw(st.integers(0, length - 1))
    covered = np.zeros((rows, columns), dtype=bool)
    tiles = cut_tiles((rows, columns), (length, overlap))
    for tile in tiles:
        assert covered[tile.rows, tile.columns].shape == (length, length)
        covered[tile.rows, tile.columns] = True
    assert covered.all()
    assert len({(tile.rows.start, tile.columns.start) for tile in tiles}) == len(tiles)


def test_only_training_windows_are_cut_into_patches(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60, 6, 8)})
    whole, cut = build_data(request_for(path)), build_data(request_for(path, patch=(4, 2)))
    assert len(cut.splits["train"]) == 6 * len(whole.splits["train"])
    assert len(cut.splits["train"].issue_times) == len(cut.splits["train"])
    for name in ("val", "calibration", "test"):
        assert cut.splits[name].issue_times == whole.splits[name].issue_times
        assert cut.splits[name][0].inputs.shape[-2:] == (6, 8)
    here, there = whole.splits["train"][1], cut.splits["train"][6 + 4]
    assert here.time == there.time
    for name in ("inputs", "base", "values", "valid", "offset", "location", "weight"):
        assert torch.equal(getattr(there, name), getattr(here, name)[..., 2:6, 2:6]), name


def test_patches_where_nothing_is_ever_known_are_left_out(tmp_path: Path) -> None:
    field = seasonal(60, 4, 8)
    field[:, :, :4] = np.nan
    path = write_grid(tmp_path / "a.nc", {"air": field})
    data = build_data(request_for(path, patch=(4, 0)))
    assert len(data.splits["train"]) == len(build_data(request_for(path)).splits["train"])
    assert "1 of 2 patches left out of train: no target is ever known there" in data.notes
