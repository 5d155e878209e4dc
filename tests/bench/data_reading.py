"""Reading samples, and training on a store that is larger than memory should be. `make bench-data` runs both.

    python tests/bench/data_reading.py --read 400 --train 8.2 --folder /some/place

`--train GIGABYTES`: writes a synthetic Zarr store of that size (on disk), then trains, validates and calibrates a small
network on patches of it, straight from there, and reports the peak of that process's resident memory.

`--read MEGABYTES`: a sample of 12 steps of a 128 x 128 patch at random places, in microseconds, from a packed store
through stq, and from NetCDF in the two forms that it mostly has: as archives ship it (compressed, chunked by step) and
as xarray's `to_netcdf` writes it (one flat block without compression); also from Zarr. Rounds alternate within one run,
and all files are in the system's cache.
"""

import argparse
import json
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
import zarr
from measured_process import measured

from stq.data import DataRequest, pack_data, read_series
from stq.data._tiles import Tile

HISTORY, PATCH = 12, 128
SPLIT = {"train": 0.7, "val": 0.1, "calibration": 0.1, "test": 0.1}
ARCHIVE = "xarray, NetCDF as archives ship it"
PLAIN = "xarray, NetCDF as to_netcdf writes it"
PACKED = "stq, packed"
SPEC = """
stq: 1
name: large
data:
  source: {source}
  targets: [wave]
  history: 4
  horizons: [1, 2]
  memory: lazy
  patch: {{size: 64, overlap: 0, min_valid: 0.1, rare: {{variable: wave, above: 14.3, times: 2}}}}
  batch_size: 8
  workers: {workers}
  split: {{train: {train}, val: {part}, calibration: {part}, test: {part}}}
model: {{hidden: [8], heads: {{hidden: 8}}}}
losses: [mse, pinball]
trainer: {{max_steps: {steps}, max_epochs: 1, accelerator: cpu}}
"""


def waves(first: int, count: int, side: int) -> np.ndarray:
    """Made-up fields: waves that travel under noise that no codec can compress, and a rare high one."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / 20
    found = np.empty((count, side, side), dtype=np.float32)
    for at, step in enumerate(range(first, first + count)):
        noise = np.random.default_rng(step % 64).standard_normal((side, side), dtype=np.float32)
        found[at] = 10 + 3 * np.sin(x + y + step / 3) + 0.3 * np.roll(noise, step // 64)
    return found


def write_archive(wave: xr.DataArray, path: Path) -> None:
    """NetCDF as archives ship it: compressed, chunked by step."""
    chunks = (1, *wave.shape[1:])
    wave.to_netcdf(path, engine="netcdf4", encoding={"wave": {"chunksizes": chunks, "zlib": True, "complevel": 4}})


def write_zarr(path: Path, steps: int, side: int) -> None:
    """A Zarr store of `steps` daily fields, in chunks of a MiB."""
    group = zarr.open_group(path, mode="w")
    days = {"units": "days since 1900-01-01", "calendar": "proleptic_gregorian"}
    group.create_array("time", shape=(steps,), dtype="i8", dimension_names=("time",), attributes=days)[:] = range(steps)
    wave = group.create_array(
        "wave",
        shape=(steps, side, side),
        chunks=(16, PATCH, PATCH),
        dtype="f4",
        dimension_names=("time", "y", "x"),
        attributes={"units": "m"},
    )
    for first in range(0, steps, 16):
        count = min(16, steps - first)
        wave[first : first + count] = waves(first, count, side)


def measure(read: Callable[[int, int, int], object], places: np.ndarray) -> float:
    """Microseconds a sample, on average over the places."""
    began = time.perf_counter()
    for first, row, column in places.tolist():
        read(first, row, column)
    return (time.perf_counter() - began) / len(places) * 1e6


def readers(folder: Path, steps: int, side: int) -> Iterator[tuple[str, Callable[[int, int, int], object]]]:
    """Each way of reading, open and ready."""
    days = np.datetime64("1900-01-01", "us") + np.arange(steps) * np.timedelta64(1, "D")
    wave = xr.DataArray(waves(0, steps, side), dims=("time", "y", "x"), coords={"time": days}, name="wave")

    def through_stq(path: Path) -> Callable[[int, int, int], object]:
        fields = read_series(DataRequest((str(path),), ("wave",), 1, (1,), SPLIT, memory="lazy")).fields

        def read(first: int, row: int, column: int) -> object:
            tile = Tile(slice(row, row + PATCH), slice(column, column + PATCH))
            return fields.read(np.arange(first, first + HISTORY), tile)

        return read

    def through_xarray(dataset: xr.Dataset) -> Callable[[int, int, int], object]:
        def read(first: int, row: int, column: int) -> object:
            piece = dataset["wave"][first : first + HISTORY, row : row + PATCH, column : column + PATCH]
            return piece.values.astype(np.float32, copy=False)

        return read

    archive, plain = folder / "archive.nc", folder / "plain.nc"
    write_archive(wave, archive)
    wave.to_netcdf(plain, engine="netcdf4")
    for name, path in ((ARCHIVE, archive), (PLAIN, plain)):
        yield name, through_xarray(xr.open_dataset(path, engine="netcdf4", chunks=None))
    yield "stq, the latter, not packed", through_stq(plain)
    chunks = {"chunks": (HISTORY, PATCH, PATCH)}
    wave.to_dataset().to_zarr(folder / "waves.zarr", encoding={"wave": chunks}, consolidated=False)
    opened = xr.open_zarr(folder / "waves.zarr", chunks=None, consolidated=False)
    yield f"xarray, Zarr in chunks of {HISTORY} x {PATCH} x {PATCH}", through_xarray(opened)
    pack_data(DataRequest((str(plain),), ("wave",), 1, (1,), SPLIT), folder / "packed")
    yield PACKED, through_stq(folder / "packed")


def bench_reading(folder: Path, megabytes: int, side: int, rounds: int = 5) -> dict[str, object]:
    """Median over rounds of the microseconds a sample, and how many times faster the packed store is."""
    steps = max(4 * HISTORY, megabytes * 10**6 // (4 * side * side))
    random = np.random.default_rng(0)
    ways = dict(readers(folder, steps, side))
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        highest = (steps - HISTORY, side - PATCH, side - PATCH)
        places = np.stack([random.integers(0, high + 1, 40) for high in highest], axis=1)
        for name, read in ways.items():
            taken[name].append(measure(read, places))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    faster = {name: value / medians[PACKED] for name, value in medians.items()}
    print(f"a sample of {HISTORY} x {PATCH} x {PATCH} from {steps} steps of {side} x {side}:")
    for name, micros in medians.items():
        print(f"  {name:40} {micros:10.0f} us   {faster[name]:7.1f} times the packed store")
    print(
        f"packed samples are read {faster[ARCHIVE]:.0f} times faster than NetCDF as archives ship it (by step, "
        f"zlib level 4), and {faster[PLAIN]:.0f} times faster than NetCDF as to_netcdf writes it (one block)"
    )
    return {"microseconds": medians, "times_faster": faster}


def bench_training(folder: Path, gigabytes: float, side: int, steps: int, workers: int) -> dict[str, object]:
    """Peak resident memory of training on a store of that size."""
    store, spec = folder / "large.zarr", folder / "large.yaml"
    frames = max(100, int(1.17 * gigabytes * 1e9 / (4 * side * side)) + 1)  # what Zarr takes away, and a little more
    if shutil.disk_usage(folder).free < 1.2 * gigabytes * 1e9:
        raise SystemExit(f"{folder}: has no room for {gigabytes} GB; choose another with --folder")
    began = time.perf_counter()
    subprocess.run([sys.executable, __file__, "--write", str(store), str(frames), "--side", str(side)], check=True)
    wrote = time.perf_counter() - began
    part = round(max(0.005, 10 / frames), 4)
    spec.write_text(SPEC.format(source=store, workers=workers, steps=steps, part=part, train=1 - 3 * part))
    run = folder / "run"
    took = measured([sys.executable, "-m", "stq", "train", str(spec), "--run-dir", str(run)])
    size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file()) / 1e9
    print(
        f"training on a Zarr store of {size:.2f} GB ({frames} frames of {side} x {side}): {steps} steps, "
        f"{took.seconds:.0f} s with all passes over the data, peak resident memory {took.peak_gib:.2f} GiB "
        f"(written in {wrote:.0f} s)"
    )
    return {"gigabytes": size, "frames": frames, "steps": steps, **vars(took), "workers": workers}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--read", type=int, default=400, metavar="MEGABYTES")
    parser.add_argument("--train", type=float, default=8.2, metavar="GIGABYTES")
    parser.add_argument("--side", type=int, default=512, help="rows and columns of a field")
    parser.add_argument("--steps", type=int, default=200, help="training steps")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to write; default a temporary folder")
    parser.add_argument("--write", nargs=2, metavar=("STORE", "FRAMES"), help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments)
    if wanted.write:
        write_zarr(Path(wanted.write[0]), int(wanted.write[1]), wanted.side)
        return
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        if wanted.train:  # first, while this process is small
            found["training"] = bench_training(Path(name), wanted.train, wanted.side, wanted.steps, wanted.workers)
        if wanted.read:
            found["reading"] = bench_reading(Path(name), wanted.read, wanted.side)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
