"""The command line in this process, and a spec that trains in a second."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from support.grids import seasonal, write_grid
from typer.testing import CliRunner, Result

from stq.cli import app

SPEC = """\
stq: 1
name: tiny
data:
  source: grid.nc
  targets: [air, sea]
  history: 2
  horizons: [1, 2]
  split: {train: 0.6, val: 0.15, calibration: 0.1, test: 0.15}
  batch_size: 8
model: {hidden: [3], heads: {hidden: 2}, location: null, dropout: 0.0}
quantiles: {levels: [0.05, 0.25, 0.75, 0.95]}
losses:
  - mse
  - {loss: laplacian, weight: 0.5, levels: 2}
  - pinball
trainer: {max_epochs: 2, accelerator: cpu}
"""


def stq(*arguments: object) -> Result:
    """What the command does with these arguments."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="stq")


def document(result: Result) -> dict[str, Any]:
    """The one JSON document of standard output."""
    return json.loads(result.stdout)


def write_spec(folder: Path) -> Path:
    """The spec above beside its data: `air` and `sea`, `void` all missing, `land` a map, and a map of another grid."""
    steps = 60
    void = np.full((steps, 4, 5), np.nan, dtype=np.float32)
    fields = {"air": seasonal(steps), "sea": seasonal(steps, seed=1), "void": void, "land": seasonal(1)[0]}
    write_grid(folder / "grid.nc", fields)
    write_grid(folder / "other.nc", {"cover": seasonal(1, 7, 3)[0]})
    path = folder / "tiny.yaml"
    path.write_text(SPEC)
    return path


@dataclass(frozen=True)
class Trained:
    """A finished run, its spec, and what `stq train --json` said on standard output and on standard error."""

    run: Path
    spec: Path
    said: dict[str, Any]
    told: str
    held: frozenset[str]
    """The files of the run as training left it; other commands put theirs beside them."""
