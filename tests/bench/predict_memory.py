"""Peak memory of `stq predict` on a large field: 4000 x 4000 cells, four horizons, three levels. `make bench-data`.

    python tests/bench/predict_memory.py --side 4000 --folder /some/place

The run is trained on a corner of the field in patches, and then told what the statistics of the whole field are. The
forecast is made from a NetCDF file of the last frames, by a process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr
from measured_process import measured

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
  patch: {{size: {patch}, overlap: {overlap}}}
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


def spec_of(source: Path, patch: int) -> str:
    """Patches that share a quarter of their side."""
    return SPEC.format(source=source, patch=patch, overlap=patch // 4)


def prepare(folder: Path, side: int, patch: int) -> None:
    """The run, and the statistics of the whole field in it."""
    from stq.app import train
    from stq.app._data import request_of
    from stq.data import build_data
    from stq.spec import parse_spec

    write_field(folder / "corner.nc", patch, 0, STEPS)
    write_field(folder / "whole.nc", side, 0, STEPS)
    write_field(folder / "latest.nc", side, STEPS - LATEST, LATEST)
    train(parse_spec(spec_of(folder / "corner.nc", patch)), run_dir=folder / "run")
    request = request_of(parse_spec(spec_of(folder / "whole.nc", patch)).spec.data)
    build_data(request).normaliser.save(folder / "run" / "statistics.npz")


def bench(folder: Path, side: int, patch: int, ending: str) -> dict[str, object]:
    """Run the command in a process of its own, so that its peak is its own."""
    sizes = ["--side", str(side), "--patch", str(patch)]
    subprocess.run([sys.executable, __file__, "--prepare", str(folder), *sizes], check=True)
    out = folder / f"out{ending}"
    took = measured(
        [sys.executable, "-m", "stq", "predict", str(folder / "run"), str(folder / "latest.nc"), "-o", str(out)]
    )
    if ending != ".tif":
        with xr.open_dataset(out, engine="zarr" if ending == ".zarr" else None) as found:
            assert found.wave.shape == (1, 4, side, side)
            corner = found.wave_quantile[0, 3, :, -1, -1].values
            assert (np.diff(corner) >= 0).all()
    print(
        f"stq predict, {side} x {side} cells, 4 horizons, 3 levels, {ending}: {took.seconds:.0f} s, "
        f"peak resident memory {took.peak_gib:.2f} GiB"
    )
    return {"side": side, "format": ending, **vars(took)}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=4000, help="rows and columns")
    parser.add_argument("--patch", type=int, default=256, help="side of the patches, and so of the tiles")
    parser.add_argument("--format", default=".nc", choices=[".nc", ".zarr", ".tif"])
    parser.add_argument("--folder", type=Path, help="where to write; default a temporary folder")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments)
    if wanted.prepare:
        prepare(wanted.prepare, wanted.side, wanted.patch)
        return
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        print(json.dumps(bench(Path(name), wanted.side, wanted.patch, wanted.format)))


if __name__ == "__main__":
    main()
