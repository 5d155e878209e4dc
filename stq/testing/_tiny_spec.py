"""A spec that trains in a second, for an author's own tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

SPEC = """\
stq: 1
name: tiny
seed: 3
data:
  source: tiny.npz
  targets: [air]
  inputs: [sea]
  time: {start: 2000-01-01, step: 1d}
  history: 3
  horizons: [1, 2]
  split: {train: 0.6, val: 0.15, calibration: 0.1, test: 0.15}
  batch_size: 8
model: {hidden: [4], heads: {hidden: 4}}
quantiles: {levels: [0.1, 0.9]}
losses: [mse, pinball]
trainer: {max_epochs: 3, accelerator: cpu}
"""


def tiny_spec(folder: Path, name: str = "tiny.yaml", changes: Sequence[tuple[str, str]] = ()) -> Path:
    """Write the spec of a run of a second and its data into `folder`; gives the path of the spec.

    The data are two waves that travel over 8 x 8 cells for 60 days, with noise; the second leads the first by two
    steps. `changes` are pairs of a text of the spec and what takes its place: `("losses: [mse", "losses: [my_loss")`.
    Further keys go by `--set`, or by a text added to the file. Raises ValueError where a text is not in the spec.
    """
    random = np.random.default_rng(0)
    time, y, x = np.meshgrid(np.arange(60), np.arange(8), np.arange(8), indexing="ij")

    def wave(lead: int) -> np.ndarray:
        field = 280 + 3 * np.sin((time + lead) / 2.5 + x / 2 + y / 3) + 0.3 * random.normal(size=time.shape)
        return field.astype(np.float32)

    np.savez(folder / "tiny.npz", air=wave(0), sea=wave(2))
    text = SPEC
    for old, new in changes:
        if old not in text:
            raise ValueError(f"the tiny spec has no {old!r}")
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
