"""The same time of the year before, in any calendar, and whole training windows without a network in mind."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from support.grids import FRACTIONS, monthly, request_for, seasonal, write_grid
from torch.utils.data import default_collate

from stq.data import Blocks, ForecastData, Rare, YearBefore, anomalies_of, build_data
from stq.data._year_before import steps_a_year_before
from stq.tensors import Batch


def labels(start: str, periods: int, freq: str, calendar: str = "standard") -> list[str]:
    index = xr.date_range(start, periods=periods, freq=freq, calendar=calendar, use_cftime=True)
    return [date.strftime("%Y-%m-%dT%H:%M:%S") if "h" in freq else date.strftime("%Y-%m-%d") for date in index]


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
@pytest.mark.parametrize(("freq", "periods"), [("MS", 30), ("D", 2000), ("6h", 1600)])
def test_a_date_is_met_by_the_same_date_of_the_year_before(freq: str, periods: int, calendar: str) -> None:
    dates = labels("1999-03-01", periods, freq, calendar)
    for step, before in enumerate(steps_a_year_before(dates).tolist()):
        wanted = f"{int(dates[step][:4]) - 1}{dates[step][4:]}"
        if wanted in dates:
            assert dates[before] == wanted
        elif wanted[4:10] == "-02-29" and wanted[:4] != "1999":
            assert dates[before][:10] == wanted[:8] + "28"
        else:
            assert before == -1


def test_weeks_take_the_nearest_and_gaps_take_nothing() -> None:
    weekly = labels("2001-01-01", 120, "7D")
    assert steps_a_year_before(weekly)[52:60].tolist() == list(range(8))
    dates = labels("2001-01-01", 100, "D") + labels("2002-01-01", 200, "D")
    before = steps_a_year_before(dates)
    assert before[100:200].tolist() == list(range(100))
    assert before[200:].tolist() == [-1] * 100
    assert steps_a_year_before(["2001-01-01"]).tolist() == [-1]


def build(tmp_path: Path, field: np.ndarray, **changes: object) -> ForecastData:
    path = write_grid(tmp_path / "a.nc", {"air": field}, times=monthly(len(field)))
    return build_data(request_for(path, **changes))


def item(data: ForecastData, split: str, *indices: int) -> Batch:
    return Batch(*default_collate([data.splits[split][index] for index in indices]))


def test_the_seasonal_naive_forecast_is_exact_on_a_periodic_field_however_far_ahead(tmp_path: Path) -> None:
    field = np.tile(seasonal(12), (5, 1, 1))
    data = build(tmp_path, field, horizons=(1, 12, 13), split={"train": 0.6, "test": 0.4})
    year_before = YearBefore(data)
    assert year_before.known_season
    batch = item(data, "test", 0, 5, -1)
    torch.testing.assert_close(year_before.of(batch), data.to_units(batch.values, batch.offset))
    first = item(data, "train", 0)
    assert year_before.of(first).isnan().all(dim=(0, 2, 3, 4)).tolist() == [True, False, True]
    twelfth = item(data, "train", 9)  # issued at step 11, of which the first has a year before
    torch.testing.assert_close(year_before.of(twelfth), data.to_units(twelfth.values, twelfth.offset))


def test_nothing_is_taken_from_after_the_issue(tmp_path: Path) -> None:
    field = np.arange(60, dtype=np.float32)[:, None, None] + np.zeros((1, 4, 5), dtype=np.float32)
    data = build(tmp_path, field, horizons=(1, 12, 13, 14), split={"train": 0.6, "test": 0.4})
    batch = item(data, "test", 0)
    step = int(batch.time)
    assert YearBefore(data).of(batch)[0, :, 0, 0, 0].tolist() == [step - 11, step, step - 11, step - 10]


def test_there_is_no_season_without_two_years_to_train_on_nor_without_a_year_before(tmp_path: Path) -> None:
    assert YearBefore(build(tmp_path, seasonal(60))).known_season
    assert not YearBefore(build(tmp_path, seasonal(60), split={"train": 0.3, "test": 0.7})).known_season
    backwards = {"test": ("1995-01", "1995-12"), "train": ("1996-01", "1999-12")}
    assert not YearBefore(build(tmp_path, seasonal(60), split=backwards)).known_season


@pytest.mark.parametrize("relative_to", ["none", "last"])
@pytest.mark.parametrize("normalise", ["none", "standard", "anomaly"])
def test_anomalies_are_departures_from_the_climatology_whatever_the_network_sees(
    tmp_path: Path, normalise: str, relative_to: str
) -> None:
    field = seasonal(60)
    field[41, 1, 1] = field[39:42, 2, 2] = field[38:42, 3, 3] = np.nan
    data = build(tmp_path, field, normalise=normalise, relative_to=relative_to)
    windows = data.splits["val"]
    at = windows.issue_times.index(41) if 41 in windows.issue_times else 0
    step = windows.issue_times[at]
    batch = item(data, "val", at)
    climatology = data.normaliser.climatology[:, 0]
    found = anomalies_of(data, batch)
    anomaly = field - climatology[np.arange(60) % 12]
    filled = np.stack([np.where(np.isnan(anomaly[t]), np.nan, anomaly[t]) for t in range(step - 2, step + 1)])
    last = filled[2]
    for earlier in (filled[1], filled[0]):
        last = np.where(np.isnan(last), earlier, last)
    scale = float(data.normaliser.scale[0])
    np.testing.assert_allclose(scale * found.last[0, 0], np.nan_to_num(last), atol=2e-4)
    truth = anomaly[[step + 1, step + 2]]
    known = batch.valid[0, :, 0]
    np.testing.assert_allclose(scale * found.target[0, :, 0][known], truth[known.numpy()], atol=2e-4)
    back = data.to_units(found.target, found.normal)
    torch.testing.assert_close(back[batch.valid], data.to_units(batch.values, batch.offset)[batch.valid])


def test_whole_windows_come_once_each_in_order_and_count_where_training_looks(tmp_path: Path) -> None:
    field = seasonal(60, 8, 8)
    field[30, 1, 6] = 400.0
    field[:, :4, :4] = np.nan
    changes = {"patch": (4, 0), "rare": Rare("air", 350.0, 4), "split": FRACTIONS}
    data = build(tmp_path, field, **changes)
    train = data.splits["train"]
    whole = train.whole()
    assert len(train) > 3 * len(whole)
    assert list(whole.issue_times) == sorted(set(train.issue_times))
    plain = build(tmp_path, field, split=FRACTIONS).splits["train"]
    for index in (0, 7, -1):
        assert all(torch.equal(one, other) for one, other in zip(whole[index], plain[index], strict=True))


def test_whole_windows_don_t_count_in_blocks_held_out(tmp_path: Path) -> None:
    data = build(tmp_path, seasonal(60, 12, 12), patch=(3, 1), blocks=Blocks(6, 1, 0.25))
    held_out = data.splits["test"][0].valid[0, 0]
    seen = data.splits["train"].whole()[0].valid[0, 0]
    assert held_out.any()
    assert seen.any()
    assert not (held_out & seen).any()


def test_a_part_of_the_items_is_those_items_in_their_order(tmp_path: Path) -> None:
    test = build(tmp_path, seasonal(60)).splits["test"]
    part = test.between(2, 5)
    assert part.issue_times == test.issue_times[2:5]
    assert len(test) > 5
    for index in range(3):
        assert all(torch.equal(one, other) for one, other in zip(part[index], test[2 + index], strict=True))
