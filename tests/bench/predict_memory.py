"""Peak memory of `stq predict` on a large field: 4000 x 4000 cells, four horizons, three levels. `make bench-data`.

    python tests/bench/predict_memory.py --side 4000 --folder /some/place

The run is trained on a corner of the field in patches, and then told what the statistics of the whole field are. The
forecast is made from a NetCDF file of the last frames, by a process of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr

STEPS, LATEST = 20, 6
SPEC = """
stq: 1
name: large
data:
  source: {source}
  targets: [wave]
  history: 4
  horizons: [1, 2, 3, 4]
  memory: lazy
  patch: {{size: 256, overlap: 64}}
  split: {{train: 0.4, val: 0.2, calibration: 0.2, test: 0.2}}
model: {{hidden: [12], heads: {{hidden: 8}}}}
quantiles: {{levels: [0.025, 0.5, 0.975]}}
losses: [mse, pinball]
trainer: {{max_steps: 1, max_epochs: 1, accelerator: cpu}}
"""


def write_field(path: Path, side: int, first: int, count: int) -> None:
    """Daily fields of waves that travel, with latitude and longitude, a frame at a time."""
    import netCDF4

    with netCDF4.Dataset(path, "w") as file:
        for name, size, units in (("time", count, "days since 2000-01-01"), ("lat", side, "degrees_north"),
                                  ("lon", side, "degrees_east")):  # fmt: skip
            file.createDimension(name, size)
            file.createVariable(name, "f8", (name,)).units = units
        file["time"][:] = np.arange(first, first + count)
        file["lat"][:] = np.linspace(70, 30, 4000)[:side]
        file["lon"][:] = np.linspace(0, 40, 4000)[:side]
        wave = file.createVariable("wave", "f4", ("time", "lat", "lon"), zlib=True, complevel=1)
        wave.units = "m"
        y, x = np.arange(side, dtype=np.float32)[:, None] / 20, np.arange(side, dtype=np.float32) / 20
        for step in range(count):
            wave[step] = 10 + 3 * np.sin(x + y + (first + step) / 3)


def prepare(folder: Path, side: int) -> None:
    """The run, and the statistics of the whole field in it."""
    from stq.app import train
    from stq.app._data import request_of
    from stq.data import build_data
    from stq.spec import parse_spec

    write_field(folder / "corner.nc", 256, 0, STEPS)
    write_field(folder / "whole.nc", side, 0, STEPS)
    write_field(folder / "latest.nc", side, STEPS - LATEST, LATEST)
    train(parse_spec(SPEC.format(source=folder / "corner.nc")), run_dir=folder / "run")
    request = request_of(parse_spec(SPEC.format(source=folder / "whole.nc")).spec.data)
    build_data(request).normaliser.save(folder / "run" / "statistics.npz")


def bench(folder: Path, side: int, ending: str) -> dict[str, object]:
    """Run the command, and ask the system for the peak of that one process."""
    subprocess.run([sys.executable, __file__, "--prepare", str(folder), "--side", str(side)], check=True)
    out = folder / f"out{ending}"
    command = [sys.executable, "-m", "stq", "predict", str(folder / "run"), str(folder / "latest.nc"), "-o", str(out)]
    began = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    if status:
        raise SystemExit(f"stq predict failed with {os.waitstatus_to_exitcode(status)}")
    peak = usage.ru_maxrss / 1024**2
    if ending != ".tif":
        with xr.open_dataset(out, engine="zarr" if ending == ".zarr" else None) as found:
            assert found.wave.shape == (1, 4, side, side)
            corner = found.wave_quantile[0, 3, :, -1, -1].values
            assert (np.diff(corner) >= 0).all()
    print(
        f"stq predict, {side} x {side} cells, 4 horizons, 3 levels, {ending}: {took:.0f} s, "
        f"peak resident memory {peak:.2f} GiB"
    )
    return {"side": side, "format": ending, "seconds": took, "peak_gib": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=4000, help="rows and columns")
    parser.add_argument("--format", default=".nc", choices=[".nc", ".zarr", ".tif"])
    parser.add_argument("--folder", type=Path, help="where to write; default a temporary folder")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.prepare:
        prepare(arguments.prepare, arguments.side)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        print(json.dumps(bench(Path(name), arguments.side, arguments.format)))


if __name__ == "__main__":
    main()
