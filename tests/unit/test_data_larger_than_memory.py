"""A series that stays where it lies: what a window reads, what a pass holds, and two workers that come to an end."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from support.grids import request_for, seasonal, write_grid
from torch.utils.data import DataLoader

from stq.data import DataRequest, _field_store, _packed_fields, build_data, pack_data
from stq.data._field_store import FieldsInMemory
from stq.data._tiles import Tile


@pytest.fixture
def lazy(tmp_path: Path) -> DataRequest:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60, 8, 8), "sea": seasonal(60, 8, 8, seed=1)})
    return request_for(path, inputs=("sea",), patch=(4, 0), memory="lazy")


class Seen(FieldsInMemory):
    """Fields that remember what was read of them."""

    def __init__(self, values: np.ndarray) -> None:
        super().__init__(values)
        self.readings: list[tuple[list[int], Tile, slice]] = []

    def read(self, steps: np.ndarray, tile: Tile, variables: slice = slice(None)) -> np.ndarray:
        self.readings.append((steps.tolist(), tile, variables))
        return super().read(steps, tile, variables)


def test_a_window_reads_its_own_steps_and_cells_and_nothing_else(
    lazy: DataRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Seen(np.stack([seasonal(60, 8, 8), seasonal(60, 8, 8, seed=1)], axis=1))
    monkeypatch.setattr("stq.data._series.settled", lambda fields, memory: seen)
    windows = build_data(lazy).splits["train"]
    seen.readings.clear()
    item = windows[7]  # four patches to a window: the second window, the last patch
    tile = Tile(slice(4, 8), slice(4, 8))
    step = int(item.time)
    assert step == 3
    assert seen.readings == [([1, 2, 3], tile, slice(None)), ([4, 5], tile, slice(0, 1))]


def test_a_pass_over_a_store_holds_a_few_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short form of `make bench-data`, which trains on 8 GB: here 30 MB, and blocks of 1 MB."""
    field = np.random.default_rng(0).standard_normal((120, 250, 250), dtype=np.float32)
    days = np.datetime64("2001-01-01", "ns") + np.arange(120) * np.timedelta64(1, "D")
    path = write_grid(tmp_path / "a.nc", {"air": field}, times=days, coordinates=False)
    monkeypatch.setattr(_field_store, "BLOCK_BYTES", 2**20)
    monkeypatch.setattr(_packed_fields, "_MAPPED_BYTES", 2**20)
    store = pack_data(request_for(path), tmp_path / "store")
    del field
    request = request_for(store.path, patch=(50, 0), memory="lazy", split={"train": 0.4, "val": 0.2, "test": 0.2})
    tracemalloc.start()
    data = build_data(request)
    for index in range(0, len(data.splits["train"]), 40):
        data.splits["train"][index]
    data.anomaly_range()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16e6


def test_a_store_drops_its_maps_whose_pages_count_as_memory(
    tmp_path: Path, lazy: DataRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_packed_fields, "_MAPPED_BYTES", 20 * 2 * 64 * 4)
    fields = pack_data(lazy, tmp_path / "store").fields(["air", "sea"])
    fields.read(np.arange(20), fields.whole)
    assert all(mapped is not None for mapped in fields._maps)
    fields.read(np.arange(1), fields.whole)
    assert all(mapped is None for mapped in fields._maps)
    assert fields.read(np.arange(60), fields.whole).shape == (60, 2, 8, 8)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_two_workers_read_what_one_process_reads_and_come_to_an_end(
    tmp_path: Path, lazy: DataRequest, start: str
) -> None:
    """After the parent has read and still holds its files open; over files and over a packed store at once."""
    store = pack_data(lazy, tmp_path / "store")
    packed = DataRequest(**{**vars(lazy), "source": (str(store.path),)})
    windows = [build_data(request).splits["train"] for request in (lazy, packed)]
    both = torch.utils.data.ConcatDataset([torch.utils.data.Subset(each, range(0, len(each), 9)) for each in windows])
    alone = [both[index] for index in range(len(both))]
    loader = DataLoader(both, batch_size=1, num_workers=2, multiprocessing_context=start, persistent_workers=True)
    for _ in range(2):
        for one, batch in zip(alone, loader, strict=True):
            for here, there in zip(one, batch, strict=True):
                assert torch.equal(here, there[0])
