"""Normalised values and units: the way in and the way back, with holes in the data, on any grid."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grids import request_for, seasonal, write_grid
from torch.utils.data import default_collate

from stq.data import ForecastData, build_data
from stq.tensors import Batch

NORMALISE = ("anomaly", "standard", "none")
RELATIVE_TO = ("none", "last")


def holed(seed: int, share: float, steps: int = 60) -> np.ndarray:
    """A seasonal field with missing values, one cell that is never known and one step without any."""
    rng = np.random.default_rng(seed)
    field = seasonal(steps, seed=seed)
    field[rng.random(field.shape) < share] = np.nan
    if share:
        field[:, 0, 0] = np.nan
        field[rng.integers(steps)] = np.nan
    return field


def whole_batch(data: ForecastData, split: str) -> Batch:
    dataset = data.splits[split]
    return default_collate([dataset[index] for index in range(len(dataset))])


@settings(max_examples=18)
@given(
    seed=st.integers(0, 1000),
    share=st.sampled_from([0.0, 0.05, 0.5]),
    normalise=st.sampled_from(NORMALISE),
    relative_to=st.sampled_from(RELATIVE_TO),
    split=st.sampled_from(["train", "val", "calibration", "test"]),
)
def test_values_come_back_in_units_and_nothing_is_ever_non_finite(
    seed: int, share: float, normalise: str, relative_to: str, split: str
) -> None:
    air, cloud = holed(seed, share), holed(seed + 1, share)
    with tempfile.TemporaryDirectory() as folder:
        path = write_grid(Path(folder) / "a.nc", {"air": air, "cloud": cloud})
        data = build_data(request_for(path, inputs=("cloud",), normalise=normalise, relative_to=relative_to))
    batch = whole_batch(data, split)
    steps = batch.time.numpy()[:, None] + np.array([1, 2])
    truth = torch.from_numpy(air[steps][:, :, None])
    assert torch.equal(batch.valid, truth.isfinite())
    back = data.to_units(batch.values, batch.offset)
    torch.testing.assert_close(back[batch.valid], truth[batch.valid], rtol=0, atol=2e-4)
    assert all(tensor.isfinite().all() for tensor in batch)
    assert (batch.values[~batch.valid] == 0).all()
    for tensor in (batch.inputs, batch.base, batch.values, batch.offset, batch.location, batch.weight):
        assert tensor.dtype == torch.float32
    for forecast in (data.persistence(batch), data.climatology(batch)):
        assert forecast.shape == batch.values.shape
        assert forecast.isfinite().all()


@settings(max_examples=6)
@given(seed=st.integers(0, 1000), share=st.sampled_from([0.0, 0.3]), normalise=st.sampled_from(NORMALISE))
def test_a_zero_relative_to_the_last_frame_is_its_anomaly_carried_forward(
    seed: int, share: float, normalise: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_grid(Path(folder) / "a.nc", {"air": holed(seed, share)})
        absolute = build_data(request_for(path, normalise=normalise))
        relative = build_data(request_for(path, normalise=normalise, relative_to="last"))
    here, there = whole_batch(absolute, "test"), whole_batch(relative, "test")
    carried = absolute.to_units(here.base.unsqueeze(1).expand_as(here.values), here.offset)
    torch.testing.assert_close(there.offset, carried, rtol=0, atol=2e-4)
    assert not there.base.any()


def test_quantiles_cross_to_units_level_by_level(tmp_path: Path) -> None:
    data = build_data(request_for(write_grid(tmp_path / "a.nc", {"air": seasonal()})))
    batch = whole_batch(data, "test")
    z = torch.randn(len(batch.time), 2, 3, 1, 4, 5)
    units = data.to_units(z, batch.offset)
    assert units.shape == z.shape
    for level in range(3):
        assert torch.equal(units[:, :, level], data.to_units(z[:, :, level], batch.offset))
    assert data.to_units(z.double(), batch.offset).dtype == torch.float64
    assert data.to_units(z.bfloat16(), batch.offset).dtype == torch.float32


@pytest.mark.parametrize("relative_to", RELATIVE_TO)
@pytest.mark.parametrize("normalise", NORMALISE)
def test_statistics_do_not_change_with_data_outside_the_training_part(
    tmp_path: Path, normalise: str, relative_to: str
) -> None:
    split = {"train": ("1996-01", "1998-12"), "val": ("1999-01", "1999-12")}
    air = holed(3, 0.02)
    other = air.copy()
    other[:12] += 30
    other[48:] *= 1.7
    other[50, 1, 1], other[5, 2, 2] = np.nan, np.nan
    saved = []
    for name, field in (("a", air), ("b", other)):
        path = write_grid(tmp_path / f"{name}.nc", {"air": field, "cloud": field + 3})
        request = request_for(path, inputs=("cloud",), split=split, normalise=normalise, relative_to=relative_to)
        build_data(request).normaliser.save(tmp_path / f"{name}.npz")
        saved.append((tmp_path / f"{name}.npz").read_bytes())
    assert saved[0] == saved[1]
