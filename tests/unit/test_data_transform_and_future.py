"""Transforms with their way back, and inputs that are known ahead."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.grids import request_for, seasonal, write_grid
from torch.utils.data import default_collate

from stq.data import ForecastData, Statistics, build_data, read_series
from stq.errors import DataError

SPLIT = {"train": ("1995", "1998"), "test": ("1999", "1999")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rain = np.random.default_rng(0).gamma(0.5, 4, (60, 4, 5)).astype(np.float32)
    rain[7, 1, 1], rain[50, 2, 2] = np.nan, np.nan
    return write_grid(tmp_path / "a.nc", {"rain": rain, "wind": seasonal(60, seed=2), "sun": seasonal(60, seed=4)})


def whole(data: ForecastData, split: str) -> tuple[torch.Tensor, ...]:
    return default_collate([data.splits[split][index] for index in range(len(data.splits[split]))])


@pytest.mark.parametrize("relative_to", ["none", "last"])
@pytest.mark.parametrize("name", ["log1p", "sqrt", "cbrt", "asinh"])
def test_units_come_back_through_the_inverse(path: Path, name: str, relative_to: str) -> None:
    request = request_for(
        path, targets=("wind", "rain"), split=SPLIT, transform={"rain": name}, relative_to=relative_to
    )
    data, raw = build_data(request), build_data(request_for(path, targets=("wind", "rain"), split=SPLIT))
    batch, plain = whole(data, "test"), whole(raw, "test")
    truth = raw.to_units(plain.values, plain.offset)
    back = data.to_units(batch.values, batch.offset)
    torch.testing.assert_close(back[batch.valid], truth[plain.valid], rtol=2e-5, atol=2e-4)
    assert torch.equal(data.persistence(batch)[:, :, 0], raw.persistence(plain)[:, :, 0])
    z = torch.randn(len(batch.time), 2, 5, 2, 4, 5).sort(dim=2).values
    quantiles = data.to_units(z, batch.offset)
    assert (quantiles.diff(dim=2) >= 0).all()
    low, high = data.anomaly_range()
    assert (low < 0).all()
    assert (high > 0).all()


def test_statistics_are_of_the_transformed_values_and_remember_the_transform(tmp_path: Path, path: Path) -> None:
    request = request_for(path, targets=("rain",), split=SPLIT, transform={"rain": "log1p"}, normalise="standard")
    statistics = build_data(request).normaliser
    rain = np.log1p(read_series(request).values[:48])
    np.testing.assert_allclose(statistics.mean[0], np.nanmean(rain), rtol=1e-5)
    np.testing.assert_allclose(statistics.deviation[0], np.nanstd(rain), rtol=1e-5)
    statistics.save(tmp_path / "s.npz")
    again = Statistics.load(tmp_path / "s.npz")
    assert again.transforms == ("log1p",)
    assert build_data(request, again).normaliser is again
    with pytest.raises(DataError, match="fitted with transform"):
        build_data(request_for(path, targets=("rain",), split=SPLIT, normalise="standard"), again)


def test_a_value_outside_the_domain_is_refused_by_name(tmp_path: Path) -> None:
    rain = np.ones((60, 4, 5), dtype=np.float32)
    rain[3, 0, 0] = 0
    path = write_grid(tmp_path / "zero.nc", {"rain": rain})
    with pytest.raises(DataError, match=r"data\.transform: log needs values above 0, and 'rain' has 0"):
        build_data(request_for(path, targets=("rain",), split=SPLIT, transform={"rain": "log"}))
    with pytest.raises(DataError, match=r"data\.transform names 'snow', which is none of rain"):
        request_for(path, targets=("rain",), transform={"snow": "sqrt"})


def test_what_is_known_ahead_stands_beside_every_input_step(path: Path) -> None:
    request = request_for(
        path, targets=("wind",), inputs=("rain", "sun"), future=("rain", "month"), split=SPLIT, horizons=(1, 3)
    )
    data = build_data(request)
    assert data.channel_names == (
        *("wind", "sun", "rain", "rain missing"),
        *("rain +1", "month sine +1", "month cosine +1", "rain missing +1"),
        *("rain +3", "month sine +3", "month cosine +3", "rain missing +3"),
    )
    windows = data.splits["test"]
    at = {step: windows[index] for index, step in enumerate(windows.issue_times)}
    ahead = at[52].inputs[-1, 2]  # the last input step of a later window: step 52
    for step, first in ((51, 4), (49, 8)):
        assert torch.equal(at[step].inputs[:, first], ahead.expand(3, 4, 5))
    angle = 2 * np.pi * (52 % 12) / 12
    np.testing.assert_allclose(at[51].inputs[:, 5], np.sin(angle), atol=1e-6)
    np.testing.assert_allclose(at[49].inputs[:, 10], np.cos(angle), atol=1e-6)
    assert at[49].inputs[:, 7].unique().tolist() == [0, 1]  # step 50 misses one cell
    assert at[49].inputs[0, 7, 2, 2] == 1
    assert all(item.inputs.isfinite().all() for item in at.values())
    with pytest.raises(DataError, match="what is forecast is not known ahead"):
        request_for(path, targets=("wind",), future=("wind",))


def test_what_is_known_ahead_is_absolute_even_where_inputs_are_changes(path: Path) -> None:
    common = {"targets": ("wind",), "future": ("sun",), "split": SPLIT}
    plain, relative = (build_data(request_for(path, relative_to=to, **common)) for to in ("none", "last"))
    first = relative.channel_names.index("sun +1")
    here = plain.splits["test"][0].inputs[:, plain.channel_names.index("sun +1")]
    assert torch.equal(relative.splits["test"][0].inputs[:, first], here)
