"""What the network is given: which channels, in which order, with which numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from support.grids import request_for, seasonal, write_grid
from torch.utils.data import DataLoader

from stq.data import StaticMap, build_data
from stq.errors import DataError
from stq.tensors import Batch

SPLIT = {"train": ("1995", "1998"), "val": ("1999", "1999")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    cloud = seasonal(60, seed=5)
    cloud[10, 1, 1] = np.nan
    cloud[50, 2, 2] = np.nan
    height = np.arange(20, dtype=np.float32).reshape(4, 5)
    return write_grid(tmp_path / "a.nc", {"air": seasonal(60), "cloud": cloud, "height": height})


def test_channels_stand_in_the_order_of_their_names(path: Path) -> None:
    data = build_data(
        request_for(
            path,
            inputs=("cloud", "air"),
            static=(StaticMap("height"),),
            calendar=("month", "hour"),
            split=SPLIT,
            relative_to="last",
        )
    )
    assert data.channel_names == (
        *("air", "cloud", "air last", "cloud last", "height"),
        *("month sine", "month cosine", "hour sine", "hour cosine", "cloud missing"),
    )
    item = data.splits["val"][2]
    assert item.inputs.shape == (3, data.channels, 4, 5)
    first = int(item.time) - 2
    angle = 2 * np.pi * ((first + np.arange(3)) % 12) / 12
    np.testing.assert_allclose(item.inputs[:, 5, 0, 0], np.sin(angle), atol=1e-6)
    np.testing.assert_allclose(item.inputs[:, 6, 3, 4], np.cos(angle), atol=1e-6)
    assert (item.inputs[:, 7] == 0).all()
    assert (item.inputs[:, 8] == 1).all()
    np.testing.assert_allclose(item.inputs[1, 4].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(item.inputs[1, 4].std(correction=0), 1, rtol=1e-6)


def test_a_missing_input_is_zero_and_its_indicator_one(path: Path) -> None:
    data = build_data(request_for(path, inputs=("cloud",), split=SPLIT))
    dataset = data.splits["val"]
    item = dataset[dataset.issue_times.index(51)]
    missing = item.inputs[:, data.channel_names.index("cloud missing")]
    assert missing.nonzero().tolist() == [[1, 2, 2]]
    assert item.inputs[1, 1, 2, 2] == 0


def test_relative_inputs_are_changes_from_the_last_frame_in_one_step_units(path: Path) -> None:
    plain = build_data(request_for(path, split=SPLIT))
    relative = build_data(request_for(path, split=SPLIT, relative_to="last"))
    here, there = plain.splits["val"][0], relative.splits["val"][0]
    statistics = plain.normaliser
    change = (here.inputs[:, 0] - here.inputs[-1, 0]) * float(statistics.deviation[0] / statistics.step[0])
    torch.testing.assert_close(there.inputs[:, 0], change)
    assert torch.equal(there.inputs[:, 1], here.inputs[-1, 0].expand(3, 4, 5))
    assert torch.equal(here.base, here.inputs[-1, :1])


def test_a_variable_that_changes_in_time_becomes_its_training_mean_as_a_static_map(path: Path) -> None:
    alone = build_data(request_for(path, static=(StaticMap("cloud"),), split=SPLIT))
    together = build_data(request_for(path, inputs=("cloud",), static=(StaticMap("cloud"),), split=SPLIT))
    with xr.open_dataset(path) as dataset:
        mean = dataset["cloud"][:48].mean("time").values
    expected = (mean - mean.mean()) / mean.std()
    np.testing.assert_allclose(alone.splits["val"][0].inputs[0, 1], expected, atol=1e-3)
    np.testing.assert_allclose(together.splits["val"][0].inputs[0, 2], expected, atol=1e-3)
    assert any("cloud changes in time" in note for note in alone.notes)


def test_holes_in_a_static_map_take_its_mean(tmp_path: Path, path: Path) -> None:
    height = np.arange(20, dtype=np.float32).reshape(4, 5)
    height[0, 0] = np.nan
    other = write_grid(tmp_path / "height.nc", {"height": height})
    data = build_data(request_for(path, static=(StaticMap("height", str(other)),)))
    assert data.splits["val"][0].inputs[0, 1, 0, 0] == 0


def test_a_static_map_on_another_grid_is_refused_with_what_differs(tmp_path: Path, path: Path) -> None:
    size = write_grid(tmp_path / "size.nc", {"height": np.ones((3, 5), np.float32)})
    with pytest.raises(DataError, match=r"its size is 3 x 5 \(rows x columns\), not 4 x 5"):
        build_data(request_for(path, static=(StaticMap("height", str(size)),)))
    flipped = write_grid(
        tmp_path / "flipped.nc", {"height": np.ones((4, 5), np.float32)}, latitude=50 - 2.5 * np.arange(4)[::-1]
    )
    with pytest.raises(DataError, match=r"'height' stands on another grid .* row coordinates run from 42.5 to 50"):
        build_data(request_for(path, static=(StaticMap("height", str(flipped)),)))


def test_a_static_map_that_is_missing_empty_or_moving_is_refused(tmp_path: Path, path: Path) -> None:
    with pytest.raises(DataError, match=r"no variable 'heigt' .*did you mean 'height'"):
        build_data(request_for(path, static=(StaticMap("heigt"),)))
    with pytest.raises(DataError, match=r"no such file \(the file of a map\)"):
        build_data(request_for(path, static=(StaticMap("height", str(tmp_path / "none.nc")),)))
    empty = write_grid(tmp_path / "empty.nc", {"height": np.full((4, 5), np.nan, np.float32)})
    with pytest.raises(DataError, match="static map 'height' has no valid value"):
        build_data(request_for(path, static=(StaticMap("height", str(empty)),)))
    moving = write_grid(tmp_path / "moving.nc", {"height": seasonal(12)})
    with pytest.raises(DataError, match="static map 'height' has 12 steps in time"):
        build_data(request_for(path, static=(StaticMap("height", str(moving)),)))


def test_a_map_can_not_be_a_target(path: Path) -> None:
    with pytest.raises(DataError, match="variable 'height' has no time axis"):
        build_data(request_for(path, targets=("height",)))


def test_location_and_cosine_weights_follow_the_latitude(path: Path) -> None:
    data = build_data(request_for(path, area_weights="cosine"))
    item = data.splits["test"][0]
    assert data.geographic
    np.testing.assert_array_equal(item.location[0, :, 0], [50, 47.5, 45, 42.5])
    np.testing.assert_array_equal(item.location[1, 0], [0, 2.5, 5, 7.5, 10])
    cosine = np.cos(np.deg2rad([50, 47.5, 45, 42.5]))
    np.testing.assert_allclose(item.weight[:, 2], cosine / cosine.mean(), rtol=1e-6)
    assert torch.equal(build_data(request_for(path)).splits["test"][0].weight, torch.ones(4, 5))


def test_a_grid_without_positions_is_not_geographic_and_has_no_area(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, names=("time", "y", "x"), coordinates=False)
    data = build_data(request_for(path))
    assert not data.geographic
    assert not data.splits["test"][0].location.any()
    with pytest.raises(DataError, match=r"data\.area_weights: cosine needs a latitude"):
        build_data(request_for(path, area_weights="cosine"))


def test_a_loader_makes_batches_of_the_right_kind(path: Path) -> None:
    data = build_data(request_for(path, split=SPLIT))
    batch = next(iter(DataLoader(data.splits["train"], batch_size=7)))
    assert isinstance(batch, Batch)
    assert batch.inputs.shape == (7, 3, 1, 4, 5)
    assert batch.values.shape == batch.valid.shape == batch.offset.shape == (7, 2, 1, 4, 5)
    assert batch.base.shape == (7, 1, 4, 5)
    assert batch.location.shape == (7, 2, 4, 5)
    assert batch.time.tolist() == list(data.splits["train"].issue_times[:7])
    assert data.time_label(int(batch.time[0])) == "1995-03-01"


def test_a_missing_input_of_any_normalisation_stands_at_its_climatology(path: Path) -> None:
    data = build_data(request_for(path, inputs=("cloud",), split=SPLIT, normalise="standard"))
    dataset = data.splits["val"]
    found = dataset[dataset.issue_times.index(51)].inputs[1, 1, 2, 2]
    statistics = data.normaliser
    expected = (statistics.climatology[50 % 12, 1, 2, 2] - statistics.mean[1]) / statistics.deviation[1]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_missing_input_relative_to_the_last_frame_is_no_change(path: Path) -> None:
    data = build_data(request_for(path, inputs=("cloud",), split=SPLIT, relative_to="last"))
    dataset = data.splits["val"]
    inputs = dataset[dataset.issue_times.index(51)].inputs
    assert inputs[1, 1, 2, 2] == 0
    assert inputs[1, 3, 2, 2] != 0


def test_the_last_known_value_is_looked_for_within_the_window_alone(tmp_path: Path) -> None:
    field = seasonal(60)
    field[49:52, 1, 1] = np.nan
    data = build_data(request_for(write_grid(tmp_path / "a.nc", {"air": field}), split=SPLIT, history=3))
    dataset = data.splits["val"]
    assert dataset[dataset.issue_times.index(50)].base[0, 1, 1] != 0
    assert dataset[dataset.issue_times.index(51)].base[0, 1, 1] == 0


def test_windows_without_any_known_target_are_left_out_and_counted(tmp_path: Path) -> None:
    air = seasonal(60)
    air[20:26] = np.nan
    air[23, 1, 1] = 280.0
    path = write_grid(tmp_path / "gap.nc", {"air": air})
    whole = build_data(request_for(write_grid(tmp_path / "whole.nc", {"air": seasonal(60)}), split=SPLIT))
    data = build_data(request_for(path, split=SPLIT))
    left_out = set(whole.splits["train"].issue_times) - set(data.splits["train"].issue_times)
    assert left_out == {19, 20, 23}  # horizons 1 and 2 of each fall on missing frames; one cell of frame 23 is known
    assert any("3 of " in note and "windows of train" in note for note in data.notes)
    assert all(bool(data.splits["train"][index].valid.any()) for index in range(len(data.splits["train"])))
    assert data.splits["val"].issue_times == whole.splits["val"].issue_times
