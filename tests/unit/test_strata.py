"""Targets told apart by month, season and the strata of a map, and a map of strata kept in a file."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from support.tiny_runs import tiny_source, tiny_spec
from torch.utils.data import default_collate

from stq.app._data import open_data
from stq.app._strata import KINDS, MONTHS, SEASONS, combined, stratification
from stq.data import StrataMap
from stq.errors import CheckFailed, DataError, SpecError, UsageError
from stq.spec import LoadedSpec
from stq.tensors import Batch


def with_cover(folder: Path, cover: np.ndarray) -> Path:
    """The tiny series with a map of strata in it, and the same map in a file of its own."""
    with xr.open_dataset(tiny_source(folder)) as opened:
        found = opened.load()
    found["cover"] = (("lat", "lon"), cover)
    found.to_netcdf(folder / "cover.nc")
    found[["cover"]].to_netcdf(folder / "alone.nc")
    return folder / "cover.nc"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Strata 2, 5, 7 and a missing corner."""
    cover = np.repeat([2.0, 5.0, 5.0, 7.0], 16).reshape(8, 8)
    cover[0, 0] = np.nan
    return with_cover(tmp_path, cover)


def batch_of(loaded: LoadedSpec, split: str = "test") -> tuple[Batch, tuple[str, ...]]:
    data = open_data(loaded.spec.data, loaded=loaded)
    windows = data.splits[split]
    return default_collate([windows[index] for index in range(len(windows))]), data.times


def test_months_and_seasons_are_those_of_the_time_that_each_target_is_of(source: Path) -> None:
    loaded = tiny_spec(source)
    data = open_data(loaded.spec.data, loaded=loaded)
    batch, times = batch_of(loaded, "train")
    for kind, names, of in (("month", MONTHS, lambda m: m - 1), ("season", SEASONS, lambda m: m % 12 // 3)):
        found = stratification(data, kind, loaded)
        assert found.names == names
        index = found.index(batch)
        assert index.shape == (len(batch.time), 2, 8, 8)
        for b, step in enumerate(batch.time.tolist()):
            for h, horizon in enumerate((1, 2)):
                assert (index[b, h] == of(int(times[step + horizon][5:7]))).all()
    assert SEASONS[12 % 12 // 3] == SEASONS[2 % 12 // 3] == "DJF"
    assert SEASONS[3 // 3] == "MAM"


@pytest.mark.parametrize("key", ["strata=cover", "strata={variable: cover, file: FOLDER/alone.nc}"])
def test_strata_are_named_by_their_numbers_and_a_missing_cell_is_in_none(source: Path, key: str) -> None:
    loaded = tiny_spec(source, [key.replace("FOLDER", str(source.parent))])
    data = open_data(loaded.spec.data, loaded=loaded)
    found = stratification(data, "stratum", loaded)
    assert found.names == ("2", "5", "7")
    index = found.index(batch_of(loaded)[0])
    assert index[0, 1, :, 1].tolist() == [0, 0, 1, 1, 1, 1, 2, 2]
    assert (index[:, :, 0, 0] == -1).all()
    assert torch.equal(found.at(5, slice(2, 4)), index[0, :, 2:4])
    pairs = combined([stratification(data, "season", loaded), found])
    assert pairs.names[3:5] == ("MAM, 2", "MAM, 5")
    seasons = stratification(data, "season", loaded).index(batch_of(loaded)[0])
    expected = torch.where(index < 0, -1, 3 * seasons + index)
    assert torch.equal(pairs.index(batch_of(loaded)[0]), expected)


def test_a_coarse_cell_is_of_the_stratum_of_most_of_its_cells(tmp_path: Path) -> None:
    cover = np.full((8, 8), 1.0)
    cover[0, :2] = cover[1, 0] = 3  # three of four
    cover[0:2, 2:4] = [[1, 3], [3, 1]]  # as many: the smaller
    cover[0:2, 4:6] = [[np.nan, np.nan], [np.nan, 3]]
    cover[0:2, 6:8] = np.nan
    loaded = tiny_spec(with_cover(tmp_path, cover), ["strata=cover", "data.coarsen={y: 2, x: 2}"])
    found = stratification(open_data(loaded.spec.data, loaded=loaded), "stratum", loaded)
    assert found.by_cell[0].tolist() == [1, 0, 1, -1]


def test_what_can_not_be_told_apart_is_refused(source: Path, tmp_path: Path) -> None:
    loaded = tiny_spec(source)
    data = open_data(loaded.spec.data, loaded=loaded)
    with pytest.raises(SpecError, match="names no map"):
        stratification(data, "stratum", loaded)
    for strata, message in (("air", "no map that is constant"), ("nothing", "nothing")):
        with pytest.raises(DataError, match=message):
            stratification(data, "stratum", tiny_spec(source, [f"strata={strata}"]))
    patched = tiny_spec(source, ["data.patch={size: 4, overlap: 0}"])
    batch = batch_of(patched, "train")[0]
    for kind in KINDS[:2]:
        with pytest.raises(UsageError, match="patches"):
            stratification(data, kind, patched).index(batch)


def test_a_map_is_kept_whole_or_known_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "strata.npz"
    kept = StrataMap(("2", "5"), np.array([[0, 1], [-1, 1]]))
    content = kept.to_bytes()
    path.write_bytes(content)
    found = StrataMap.from_file(path)
    assert found.names == kept.names
    assert (found.index == kept.index).all()
    for damaged in (b"", content[:-40], content[:100], StrataMap(("2",), kept.index).to_bytes()):
        path.write_bytes(damaged)
        with pytest.raises(CheckFailed, match="damaged"):
            StrataMap.from_file(path)
