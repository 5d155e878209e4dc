"""The same numbers from memory, from files as they are asked for and from a packed store; damage is named."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from support.grids import FRACTIONS, monthly, request_for, seasonal, write_grid
from support.statistics_parts import parts_of

from stq.data import (
    DataRequest,
    ForecastData,
    StaticMap,
    Statistics,
    _packed_fields,
    _write_store,
    build_data,
    open_store,
    pack_data,
    read_series,
)
from stq.errors import CheckFailed, DataError, DiskError, UsageError


@pytest.fixture
def request_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataRequest:
    """Two files, two variables with holes, a map, patches; tiles of the store smaller than the field."""
    monkeypatch.setattr(_write_store, "TILE", 4)
    air, cloud = seasonal(60, 9, 7), seasonal(60, 9, 7, seed=3)
    air[np.random.default_rng(0).random(air.shape) < 0.05] = np.nan
    cloud[20] = np.nan
    for name, part, start in (("a", slice(0, 25), "1995-01-01"), ("b", slice(25, 60), "1997-02-01")):
        fields = {"air": air[part], "cloud": cloud[part], "height": air[0] * 0 + np.arange(7, dtype=np.float32)}
        write_grid(tmp_path / f"{name}.nc", fields, times=monthly(part.stop - part.start, start=start))
    return request_for(
        *(tmp_path / "a.nc", tmp_path / "b.nc"),
        inputs=("cloud",),
        static=(StaticMap("height"),),
        relative_to="last",
        patch=(5, 2),
    )


def changed(request: DataRequest, **changes: object) -> DataRequest:
    return DataRequest(**{**vars(request), **changes})


def assert_same(here: ForecastData, there: ForecastData) -> None:
    assert here.fingerprint == there.fingerprint
    for name, value in parts_of(here.normaliser).items():
        np.testing.assert_equal(value, parts_of(there.normaliser)[name], err_msg=name)
    for split, windows in here.splits.items():
        assert len(windows) == len(there.splits[split])
        for index in (0, len(windows) // 2, len(windows) - 1):
            for one, other in zip(windows[index], there.splits[split][index], strict=True):
                assert torch.equal(one, other)
    batch = torch.utils.data.default_collate([here.splits["test"][0]])
    assert torch.equal(here.persistence(batch), there.persistence(batch))
    assert torch.equal(here.persisting_share(), there.persisting_share())
    for one, other in zip(here.anomaly_range(), there.anomaly_range(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("coarsen", [None, (2, 1)])
def test_lazy_and_packed_data_equal_data_in_memory_to_the_last_bit(
    tmp_path: Path, request_: DataRequest, coarsen: tuple[int, int] | None
) -> None:
    request = changed(request_, coarsen=coarsen, patch=(4, 2))
    whole = build_data(changed(request, memory="all"))
    lazy = build_data(changed(request, memory="lazy"))
    assert lazy.notes == whole.notes
    assert_same(whole, lazy)
    store = pack_data(request, tmp_path / "store")
    for memory in ("all", "lazy"):
        packed = changed(request, source=(str(store.path),), memory=memory)
        assert_same(whole, build_data(packed))
        assert_same(whole, build_data(packed, whole.normaliser))


def test_a_store_is_written_once_and_whole_or_not_at_all(tmp_path: Path, request_: DataRequest) -> None:
    pack_data(request_, tmp_path / "store").verify()
    with pytest.raises(UsageError, match="exists already"):
        pack_data(request_, tmp_path / "store")
    with pytest.raises(UsageError, match="is a packed store already"):
        pack_data(changed(request_, source=(str(tmp_path / "store"),)), tmp_path / "other")
    content = (tmp_path / "b.nc").read_bytes()
    (tmp_path / "b.nc").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError):
        pack_data(request_, tmp_path / "half")
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="can't be written"):
        pack_data(changed(request_, source=(str(tmp_path / "a.nc"),)), tmp_path / "file" / "store")
    assert {path.name for path in tmp_path.iterdir()} == {"a.nc", "b.nc", "store", "file"}


def test_every_flipped_bit_and_every_missing_file_is_named(tmp_path: Path, request_: DataRequest) -> None:
    store = pack_data(request_, tmp_path / "store")
    request = changed(request_, source=(str(store.path),), memory="lazy")
    cells, random = 9 * 7, np.random.default_rng(1)
    for place in random.integers(0, 4 * 60 * cells, 8):
        path = store.path / "001.npy"
        whole = path.read_bytes()
        begin = len(whole) - 4 * 60 * cells
        damaged = bytearray(whole)
        damaged[begin + place] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged)
        flat = np.frombuffer(bytes(damaged), np.uint8)[begin:] != np.frombuffer(whole, np.uint8)[begin:]
        number, before = int(np.flatnonzero(flat)[0]) // 4, 0
        for tile in _packed_fields.stored_tiles(60, (9, 7), 4):
            length = 60 * tile.size[0] * tile.size[1]
            if before <= number < before + length:
                step = (number - before) // (tile.size[0] * tile.size[1])
            before += length
        for attempt in (open_store(store.path).verify, lambda: build_data(request)):
            with pytest.raises(CheckFailed, match=rf"store: variable 'cloud' is damaged at step {step}:"):
                attempt()
        path.write_bytes(whole)
    for name in ("store.json", "index.npz", "000.npy", "001.npy"):
        path = store.path / name
        whole = path.read_bytes()
        for damaged in (whole[: len(whole) // 2], whole + b"0", bytes([whole[0] ^ 1, *whole[1:]])):
            path.write_bytes(damaged)
            with pytest.raises(CheckFailed, match=name):
                build_data(request)
        os.remove(path)
        with pytest.raises((CheckFailed, DataError), match="is a folder" if name == "store.json" else name):
            build_data(request)
        path.write_bytes(whole)
    build_data(request)


def test_a_number_in_the_header_changed_by_hand_is_noticed(tmp_path: Path, request_: DataRequest) -> None:
    store = pack_data(request_, tmp_path / "store")
    header = store.path / "store.json"
    head = json.loads(header.read_text())
    header.write_text(json.dumps({**head, "units": ["K", "degC"]}))
    with pytest.raises(CheckFailed, match="does not match its checksum"):
        open_store(store.path)
    header.write_text(json.dumps({**head, "format": "stq-store-9"}))
    with pytest.raises(DataError, match="the format is 'stq-store-9'"):
        open_store(store.path)


def test_what_a_store_does_not_hold_is_refused_by_name(tmp_path: Path, request_: DataRequest) -> None:
    store = pack_data(request_, tmp_path / "store")
    request = changed(request_, source=(str(store.path),))
    with pytest.raises(DataError, match="no variable 'clouds' in this store; did you mean 'cloud'"):
        build_data(changed(request, inputs=("clouds",)))
    with pytest.raises(DataError, match="no variable 'heigth' in this store"):
        build_data(changed(request, static=(StaticMap("heigth"),)))
    with pytest.raises(DataError, match=r"packed in blocks of 1 x 1 cells, and data\.coarsen asks for 3 x 1"):
        build_data(changed(request, coarsen=(3, 1)))


def test_a_map_that_changes_in_time_is_packed_as_it_changes(tmp_path: Path, request_: DataRequest) -> None:
    request = changed(request_, inputs=(), static=(StaticMap("cloud"),))
    store = pack_data(request, tmp_path / "store")
    assert (store.names, store.maps) == (("air", "cloud"), {})
    whole, packed = build_data(request), build_data(changed(request, source=(str(store.path),)))
    assert torch.equal(whole.splits["test"][0].inputs, packed.splits["test"][0].inputs)
    assert packed.fingerprint == whole.fingerprint


@pytest.mark.parametrize("calendar", ["standard", "360_day", "noleap"])
def test_dates_of_any_calendar_survive_packing(tmp_path: Path, calendar: str) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60)}, times=monthly(60, calendar=calendar))
    store = pack_data(request_for(path), tmp_path / "store")
    here, there = read_series(request_for(path)), read_series(request_for(store.path))
    assert (here.times.labels, here.times.calendar) == (there.times.labels, there.times.calendar)
    np.testing.assert_array_equal(here.times.parts, there.times.parts)
    assert here.grid.difference(there.grid) is None


def test_auto_takes_a_small_series_into_memory_and_leaves_a_large_one(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60)})
    kinds = {}
    for memory in ("auto", "all", "lazy", 4 * 60 * 20, 4 * 60 * 20 - 1):
        kinds[memory] = type(read_series(request_for(path, memory=memory)).fields).__name__
    assert [name == "FieldsInMemory" for name in kinds.values()] == [True, True, False, True, False]


def test_an_infinite_value_is_found_in_a_lazy_series_too(tmp_path: Path) -> None:
    air = seasonal(60)
    air[41, 2, 3] = np.inf
    path = write_grid(tmp_path / "a.nc", {"air": air})
    for memory in ("all", "lazy"):
        with pytest.raises(DataError, match="'air' is infinite at step 41, row 2, column 3"):
            build_data(request_for(path, memory=memory, split=FRACTIONS))


def test_statistics_of_a_run_in_memory_serve_its_store(tmp_path: Path, request_: DataRequest) -> None:
    build_data(request_).normaliser.save(tmp_path / "statistics.npz")
    store = pack_data(request_, tmp_path / "store")
    statistics = Statistics.load(tmp_path / "statistics.npz")
    packed = build_data(changed(request_, source=(str(store.path),)), statistics)
    assert packed.fingerprint == build_data(request_).fingerprint
