"""A spec that trains in a second, on a field that any network can learn, for tests that need a whole run."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from support.grids import write_grid

from stq.spec import LoadedSpec, parse_spec

TEXT = """
stq: 1
name: tiny
seed: 3
data:
  source: {source}
  targets: [air]
  inputs: [sea]
  history: 3
  horizons: [1, 2]
  split: {{train: 0.6, val: 0.15, calibration: 0.1, test: 0.15}}
  batch_size: 8
model:
  hidden: [4]
  dropout: 0.2
  heads: {{hidden: 4}}
quantiles:
  levels: [0.1, 0.9]
losses:
  - loss: mse
  - {{loss: laplacian, weight: 0.3, levels: 2}}
  - loss: pinball
optim: {{clip: {{norm: 0.02}}}}
trainer: {{max_epochs: 3, accelerator: cpu, log_every_n_steps: 1}}
"""


def tiny_source(folder: Path, steps: int = 60) -> Path:
    """Two waves that travel over 8 x 8 cells, with noise; the second leads the first by two steps."""
    random = np.random.default_rng(0)
    time, y, x = np.meshgrid(np.arange(steps), np.arange(8), np.arange(8), indexing="ij")

    def wave(lead: int) -> np.ndarray:
        field = 280 + 3 * np.sin((time + lead) / 2.5 + x / 2 + y / 3) + 0.3 * random.normal(size=time.shape)
        return field.astype(np.float32)

    return write_grid(folder / "tiny.nc", {"air": wave(0), "sea": wave(2)})


def gappy_source(folder: Path) -> Path:
    """One such wave, of which two frames in three are known at 2 of 64 cells, and another that is whole."""
    random = np.random.default_rng(0)
    time, y, x = np.meshgrid(np.arange(60), np.arange(8), np.arange(8), indexing="ij")
    air = 280 + 3 * np.sin(time / 2.5 + x / 2 + y / 3) + 0.3 * random.normal(size=time.shape)
    gone = (time % 3 > 0) & (8 * y + x > 1)
    fields = {"air": np.where(gone, np.nan, air), "sea": air + 1}
    return write_grid(folder / "gappy.nc", {name: field.astype(np.float32) for name, field in fields.items()})


def tiny_spec(source: Path, overrides: Sequence[str] = ()) -> LoadedSpec:
    """The spec above on this file, with `--set` overrides."""
    return parse_spec(TEXT.format(source=source), overrides=overrides)
