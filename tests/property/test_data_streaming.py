"""Statistics from blocks of steps: what they are of the whole, whatever the blocks."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grids import request_for, seasonal, write_grid
from support.statistics_parts import parts_of

from stq.data import Statistics, _field_store, _variable_fit, build_data

STEPS, ROWS, COLUMNS = 60, 5, 4


def holed(seed: int, share: float) -> np.ndarray:
    random = np.random.default_rng(seed)
    field = seasonal(STEPS, ROWS, COLUMNS, seed=seed)
    field[random.random(field.shape) < share] = np.nan
    if share:
        field[:, 0, 0] = np.nan
        field[random.integers(STEPS)] = np.nan
    return field


@settings(max_examples=10)
@given(
    seed=st.integers(0, 1000),
    share=st.sampled_from([0.0, 0.1, 0.5]),
    normalise=st.sampled_from(["anomaly", "standard", "none"]),
    relative_to=st.sampled_from(["none", "last"]),
    memory=st.sampled_from(["all", "lazy"]),
    steps=st.integers(1, 50),
)
def test_blocks_of_steps_do_not_matter_to_any_number(
    seed: int, share: float, normalise: str, relative_to: str, memory: str, steps: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_grid(Path(folder) / "a.nc", {"air": holed(seed, share), "sea": holed(seed + 1, share)})
        request = request_for(path, inputs=("sea",), normalise=normalise, relative_to=relative_to, memory=memory)
        whole = build_data(request)
        with pytest.MonkeyPatch.context() as changed:
            changed.setattr(_field_store, "BLOCK_BYTES", 4 * steps * ROWS * COLUMNS)
            cut = build_data(request)
            for here, there in zip(whole.anomaly_range(), cut.anomaly_range(), strict=True):
                np.testing.assert_array_equal(here, there)
    assert cut.fingerprint == whole.fingerprint
    assert cut.notes == whole.notes
    for name, value in parts_of(whole.normaliser).items():
        np.testing.assert_equal(value, parts_of(cut.normaliser)[name], err_msg=name)


@settings(max_examples=5)
@given(seed=st.integers(0, 1000), share=st.sampled_from([0.0, 0.1, 0.5]), band=st.integers(1, 4000))
def test_bands_of_rows_change_nothing_but_the_last_bits(seed: int, share: float, band: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        request = request_for(write_grid(Path(folder) / "a.nc", {"air": holed(seed, share)}))
        whole = build_data(request).normaliser
        with pytest.MonkeyPatch.context() as changed:
            changed.setattr(_variable_fit, "_BAND_BYTES", band)
            banded = build_data(request).normaliser
    np.testing.assert_allclose(banded.climatology, whole.climatology, rtol=3e-7)
    for name in ("deviation", "step", "mean", "minimum", "maximum"):
        np.testing.assert_allclose(getattr(banded, name), getattr(whole, name), rtol=1e-5)


@settings(max_examples=5)
@given(seed=st.integers(0, 1000), share=st.sampled_from([0.0, 0.1, 0.5]))
def test_streamed_statistics_are_those_of_the_whole_array(seed: int, share: float) -> None:
    field = holed(seed, share)
    with tempfile.TemporaryDirectory() as folder:
        found: Statistics = build_data(
            request_for(write_grid(Path(folder) / "a.nc", {"air": field}), memory="lazy")
        ).normaliser
    train = field[:36].astype(np.float64)  # three years of fractions 0.6
    months = np.arange(36) % 12
    valid = np.isfinite(train)
    totals = np.stack([np.where(valid, train, 0)[months == month].sum(axis=0) for month in range(12)])
    counts = np.stack([valid[months == month].sum(axis=0) for month in range(12)])
    cell = totals.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
    maps = np.where(counts > 0, totals / np.maximum(counts, 1), cell)
    known = counts.sum(axis=0) > 0
    maps[:, ~known] = maps[:, known].mean(axis=1)[:, None]
    np.testing.assert_allclose(found.climatology[:, 0], maps, rtol=1e-6)
    anomaly = train - maps[months]
    np.testing.assert_allclose(found.deviation[0], np.sqrt(np.nanmean(anomaly**2)), rtol=1e-6)
    np.testing.assert_allclose(found.step[0], np.sqrt(np.nanmean(np.diff(anomaly, axis=0) ** 2)), rtol=1e-6)
