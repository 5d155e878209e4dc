"""Reading samples, and training on a store that is larger than memory should be. `make bench-data` runs both.

    python tests/bench/data_reading.py --read 400 --train 8 --folder /some/place

`--read MEGABYTES`: a sample of 12 steps of a 128 x 128 patch at random places, in microseconds, from a packed store
through stq, from NetCDF through xarray (compressed, chunked by step as archives are, and again as one flat block), from
NetCDF through stq without packing, and from Zarr through xarray where it is installed. Rounds alternate within one run.

`--train GIGABYTES`: writes a synthetic packed store of that size, then trains, validates and calibrates a small network
on patches of it in a process of its own, and reports the peak of that process's resident memory.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from stq.data import DataRequest, pack_data
from stq.data._field_store import FieldStore
from stq.data._grid import Grid
from stq.data._packed_store import open_store, write_store
from stq.data._series import read_series
from stq.data._tiles import Tile

HISTORY, PATCH, SIDE = 12, 128, 512
SPLIT = {"train": 0.7, "val": 0.1, "calibration": 0.1, "test": 0.1}
SPEC = """
stq: 1
name: large
data:
  source: {source}
  targets: [wave]
  history: 4
  horizons: [1, 2]
  memory: auto
  patch: {{size: 64, overlap: 0, min_valid: 0.1, rare: {{variable: wave, above: 13.5, times: 2}}}}
  batch_size: 8
  workers: {workers}
  split: {{train: 0.97, val: 0.01, calibration: 0.01, test: 0.01}}
model: {{hidden: [8], heads: {{hidden: 8}}}}
losses: [mse, pinball]
trainer: {{max_steps: {steps}, max_epochs: 1, accelerator: cpu}}
"""


class Waves(FieldStore):
    """A made-up series, computed as it is read: waves that travel over noise, and a rare high one."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.steps, 1, SIDE, SIDE

    def read(self, steps: np.ndarray, tile: Tile, variables: slice = slice(None)) -> np.ndarray:
        y, x = np.mgrid[tile.rows, tile.columns].astype(np.float32) / 20
        found = np.empty((len(steps), 1, *y.shape), dtype=np.float32)
        for at, step in enumerate(steps):
            noise = np.random.default_rng(int(step)).standard_normal(y.shape, dtype=np.float32)
            found[at, 0] = 10 + 3 * np.sin(x + y + step / 3) + 0.3 * noise
        return found


def write_waves(path: Path, steps: int) -> None:
    """A packed store of `steps` daily fields."""
    grid = Grid((SIDE, SIDE), np.arange(SIDE, dtype=np.float64), np.arange(SIDE, dtype=np.float64))
    days = np.datetime64("1900-01-01", "us") + np.arange(steps) * np.timedelta64(1, "D")
    dates = xr.DataArray(days, dims="time", name="time")
    write_store(path, Waves(steps), names=["wave"], units=["m"], dates=dates, grid=grid, maps={}, coarsen=(1, 1))


def measure(read: Callable[[int, int, int], object], places: np.ndarray) -> float:
    """Microseconds a sample, on average over the places."""
    began = time.perf_counter()
    for first, row, column in places.tolist():
        read(first, row, column)
    return (time.perf_counter() - began) / len(places) * 1e6


def readers(folder: Path, steps: int) -> Iterator[tuple[str, Callable[[int, int, int], object]]]:
    """Each way of reading, open and ready."""
    write_waves(folder / "waves", steps)
    store = open_store(folder / "waves")
    values = Waves(steps).read(np.arange(steps), Tile(slice(0, SIDE), slice(0, SIDE)))[:, 0]
    wave = xr.DataArray(values, dims=("time", "y", "x"), coords={"time": store.dates.values}, name="wave")
    layouts = {
        "xarray, NetCDF by step, compressed": {"chunksizes": (1, SIDE, SIDE), "zlib": True, "complevel": 1},
        "xarray, NetCDF in one block": {"contiguous": True},
    }

    def through_stq(request: DataRequest) -> Callable[[int, int, int], object]:
        fields = read_series(request).fields

        def read(first: int, row: int, column: int) -> object:
            tile = Tile(slice(row, row + PATCH), slice(column, column + PATCH))
            return fields.read(np.arange(first, first + HISTORY), tile)

        return read

    def through_xarray(dataset: xr.Dataset) -> Callable[[int, int, int], object]:
        def read(first: int, row: int, column: int) -> object:
            piece = dataset["wave"][first : first + HISTORY, row : row + PATCH, column : column + PATCH]
            return piece.values.astype(np.float32, copy=False)

        return read

    def request(path: Path) -> DataRequest:
        return DataRequest((str(path),), ("wave",), 1, (1,), SPLIT, memory="lazy")

    for number, (name, encoding) in enumerate(layouts.items()):
        path = folder / f"waves{number}.nc"
        wave.to_netcdf(path, engine="netcdf4", encoding={"wave": encoding})
        yield name, through_xarray(xr.open_dataset(path, engine="netcdf4", chunks=None))
        if "block" in name:
            yield "stq, the same file, not packed", through_stq(request(path))
    try:
        import zarr  # noqa: F401
    except ImportError:
        pass
    else:
        chunks = {"chunks": (HISTORY, PATCH, PATCH)}
        wave.to_dataset().to_zarr(folder / "waves.zarr", encoding={"wave": chunks}, consolidated=False)
        opened = xr.open_zarr(folder / "waves.zarr", chunks=None, consolidated=False)
        yield f"xarray, Zarr in chunks of {HISTORY} x {PATCH} x {PATCH}", through_xarray(opened)
    packed = folder / "packed"
    pack_data(request(folder / "waves1.nc"), packed)
    yield "stq, packed", through_stq(request(packed))


def bench_reading(folder: Path, megabytes: int, rounds: int = 5) -> dict[str, object]:
    """Median over rounds of the microseconds a sample, and how many times faster the packed store is."""
    steps = max(4 * HISTORY, megabytes * 10**6 // (4 * SIDE * SIDE))
    random = np.random.default_rng(0)
    ways = dict(readers(folder, steps))
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        highest = (steps - HISTORY, SIDE - PATCH, SIDE - PATCH)
        places = np.stack([random.integers(0, high + 1, 40) for high in highest], axis=1)
        for name, read in ways.items():
            taken[name].append(measure(read, places))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    packed = medians["stq, packed"]
    print(f"a sample of {HISTORY} x {PATCH} x {PATCH} from {steps} steps of {SIDE} x {SIDE}:")
    for name, micros in medians.items():
        print(f"  {name:42} {micros:10.0f} us   {micros / packed:7.1f} times the packed store")
    return {"microseconds": medians, "times_faster": {name: value / packed for name, value in medians.items()}}


def bench_training(folder: Path, gigabytes: float, steps: int, workers: int) -> dict[str, object]:
    """Peak resident memory of training on a store of that size."""
    frames = int(gigabytes * 1e9 / (4 * SIDE * SIDE)) + 1
    if shutil.disk_usage(folder).free < 1.2 * gigabytes * 1e9:
        raise SystemExit(f"{folder}: has no room for {gigabytes} GB; choose another with --folder")
    began = time.perf_counter()
    subprocess.run([sys.executable, __file__, "--write", str(folder / "large"), str(frames)], check=True)
    wrote = time.perf_counter() - began
    spec = folder / "large.yaml"
    spec.write_text(SPEC.format(source=folder / "large", workers=workers, steps=steps))
    command = [sys.executable, "-m", "stq", "train", str(spec), "--run-dir", str(folder / "run"), "--json"]
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=folder)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2  # of the largest child, each worker too
    size = sum(path.stat().st_size for path in (folder / "large").iterdir()) / 1e9
    answer = json.loads(done.stdout)
    print(
        f"training on a store of {size:.2f} GB ({frames} frames of {SIDE} x {SIDE}): {answer['steps']} steps, "
        f"{took:.0f} s with all passes over the data, peak resident memory {peak:.2f} GiB (written in {wrote:.0f} s)"
    )
    return {"gigabytes": size, "steps": answer["steps"], "seconds": took, "peak_gib": peak, "workers": workers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--read", type=int, default=400, metavar="MEGABYTES")
    parser.add_argument("--train", type=float, default=8.0, metavar="GIGABYTES")
    parser.add_argument("--steps", type=int, default=200, help="training steps")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to write; default a temporary folder")
    parser.add_argument("--write", nargs=2, metavar=("STORE", "FRAMES"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write_waves(Path(arguments.write[0]), int(arguments.write[1]))
        return
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        if arguments.read:
            found["reading"] = bench_reading(Path(name), arguments.read)
        if arguments.train:
            found["training"] = bench_training(Path(name), arguments.train, arguments.steps, arguments.workers)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
