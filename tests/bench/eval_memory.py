"""Peak memory of scoring 30 million valid pixels, with every score and calibration. `make bench-eval`.

    python tests/bench/eval_memory.py --pixels 3e7 --limit 1.5

`stq eval` of a run on made-up fields of 240 x 240 cells, of which a tenth is missing, at four horizons and seven
levels, in a process of its own. A pixel is one valid cell of one forecast of one horizon.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

HORIZONS, KNOWN = 4, 0.9
SPEC = """
stq: 1
name: large
data:
  source: {source}
  targets: [wave]
  history: 2
  horizons: [1, 2, 3, 4]
  memory: lazy
  area_weights: cosine
  split: {{train: [{d[0]}, {d[19]}], val: [{d[20]}, {d[29]}], calibration: [{d[30]}, {d[44]}], test: [{d[45]}, {last}]}}
  batch_size: 4
model: {{hidden: [4], heads: {{hidden: 4}}}}
quantiles: {{levels: [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]}}
losses: [mse, pinball]
trainer: {{max_steps: 1, max_epochs: 1, accelerator: cpu}}
evaluation:
  thresholds: {{wave: [9.0, 11.0]}}
  neighbourhood: [3, 9]
  periods: season
  metrics: [large-errors]
plugins: [{plugin}]
"""


def write_field(path: Path, side: int, steps: int) -> None:
    """Daily fields of waves that travel, with latitude and longitude, a frame at a time."""
    import netCDF4

    random = np.random.default_rng(0)
    with netCDF4.Dataset(path, "w") as file:
        for name, size, units in (("time", steps, "days since 2000-01-01"), ("lat", side, "degrees_north"),
                                  ("lon", side, "degrees_east")):  # fmt: skip
            file.createDimension(name, size)
            file.createVariable(name, "f8", (name,)).units = units
        file["time"][:] = np.arange(steps)
        file["lat"][:] = np.linspace(30, 70, side)
        file["lon"][:] = np.linspace(0, 40, side)
        wave = file.createVariable("wave", "f4", ("time", "lat", "lon"))
        wave.units = "m"
        y, x = np.arange(side)[:, None] / 20, np.arange(side) / 20
        for step in range(steps):
            frame = 10 + 3 * np.sin(x + y + step / 3) + random.normal(size=(side, side))
            wave[step] = np.where(random.random((side, side)) < KNOWN, frame, np.nan)


def prepare(folder: Path, side: int, pixels: float) -> None:
    """The data, and a run of one step."""
    from stq.app import train
    from stq.spec import parse_spec

    test = int(np.ceil(pixels / (HORIZONS * KNOWN * side**2))) + HORIZONS + 2
    write_field(folder / "waves.nc", side, 45 + test)
    dates = (np.datetime64("2000-01-01") + np.arange(45 + test)).astype(str)
    plugin = Path(__file__).parents[2] / "examples" / "my_metric.py"
    text = SPEC.format(source=folder / "waves.nc", plugin=plugin, d=list(dates), last=dates[-1])
    train(parse_spec(text), run_dir=folder / "run")


def bench(folder: Path, side: int, pixels: float) -> dict[str, float]:
    """Run the command, and ask the system for the peak of that one process."""
    arguments = ["--prepare", str(folder), "--side", str(side), "--pixels", str(pixels)]
    subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.DEVNULL)
    began = time.perf_counter()
    with (folder / "scores.json").open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", "stq", "eval", str(folder / "run"), "--json"], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)  # known already, and waited for by nobody else
    if process.returncode:
        raise SystemExit(f"stq eval failed with {process.returncode}")
    found = json.loads((folder / "scores.json").read_text())
    scored = sum(score["n"] for score in found["scores"])
    return {"pixels": scored, "seconds": took, "peak_gb": usage.ru_maxrss * 1024 / 1e9}


def main(argv: Sequence[str] | None = None) -> None:
    """Print what was found; fail above the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pixels", type=float, default=3e7, help="valid pixels to score, at least")
    parser.add_argument("--side", type=int, default=240, help="rows and columns")
    parser.add_argument("--limit", type=float, default=1.5, help="GB of resident memory that may be taken")
    parser.add_argument("--out", type=Path, help="a file for the result")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.prepare:
        prepare(arguments.prepare, arguments.side, arguments.pixels)
        return
    with tempfile.TemporaryDirectory() as name:
        found = bench(Path(name), arguments.side, arguments.pixels)
    print("stq eval, {pixels:,} valid pixels: {seconds:.0f} s, peak resident memory {peak_gb:.2f} GB".format(**found))
    if arguments.out:
        arguments.out.write_text(json.dumps(found))
    if found["peak_gb"] > arguments.limit:
        raise SystemExit(f"more than {arguments.limit} GB")


if __name__ == "__main__":
    main()
