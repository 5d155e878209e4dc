"""Windows as tensors, one at a time."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32
from torch.utils.data import Dataset

from stq.data._channels import Channels
from stq.data._statistics import Statistics
from stq.data._tiles import Tile
from stq.tensors import Batch


class WindowDataset(Dataset[Batch]):
    """The windows of one split in the order of their issue, each cut into `tiles`.

    An item is a `Batch` without its B axis; torch's default collation adds it. Everything is cut from arrays in memory
    that are finite everywhere.
    """

    def __init__(
        self,
        channels: Channels,
        statistics: Statistics,
        history: int,
        horizons: Sequence[int],
        issued: Sequence[int],
        tiles: Sequence[Tile],
        location: Float32[np.ndarray, "2 Y X"],
        weight: Float32[np.ndarray, "Y X"],
    ) -> None:
        self._channels = channels
        self._variables = len(statistics.targets)
        self._deviation = statistics.deviation[: self._variables, None, None]
        self._history = history
        self._leads = np.array(horizons, dtype=np.int64)
        self._tiles = tuple(tiles)
        self._location = location
        self._weight = weight
        self.issue_times = tuple(step for step in issued for _ in self._tiles)
        """For each item, the index in the series of the last input step: when the forecast is issued."""

    def __len__(self) -> int:
        return len(self.issue_times)

    def __getitem__(self, index: int) -> Batch:
        step = self.issue_times[index]
        tile = self._tiles[index % len(self._tiles)]
        scaled, rows, columns = self._channels.scaled, tile.rows, tile.columns
        targets, variables = step + self._leads, slice(0, self._variables)
        valid = scaled.valid[targets, variables, rows, columns]
        values = scaled.fields[targets, variables, rows, columns]
        offset = scaled.centre[scaled.phases[targets], variables, rows, columns]
        last = scaled.last[step, variables, rows, columns]
        base = last
        if self._channels.relative:
            values = (values - last) * scaled.change[variables, None, None]
            offset = offset + self._deviation * last
            base = np.zeros_like(last)
        return Batch(
            inputs=torch.from_numpy(self._channels.cut(step - self._history + 1, step, tile)),
            base=torch.from_numpy(base.copy()),
            values=torch.from_numpy(np.where(valid, values, np.float32(0))),
            valid=torch.from_numpy(valid),
            offset=torch.from_numpy(offset),
            location=torch.from_numpy(self._location[:, rows, columns]),
            weight=torch.from_numpy(self._weight[rows, columns]),
            time=torch.tensor(step),
        )
