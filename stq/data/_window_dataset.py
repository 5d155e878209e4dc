"""Windows as tensors, one at a time."""

from collections.abc import Sequence
from copy import copy

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64
from torch.utils.data import Dataset

from stq.data._channels import Channels
from stq.data._patient_reading import patiently
from stq.data._scaled import last_known
from stq.data._tiles import Tile, cut_tiles
from stq.tensors import Batch


class WindowDataset(Dataset[Batch]):
    """The windows of one split in the order of their issue, each cut into `tiles`.

    An item is a `Batch` without its B axis; torch's default collation adds it. It reads the steps and the cells of its
    own window and nothing else, and is finite everywhere.

    `items` are pairs of a step and of a number among the tiles; `judged` is where targets count (None: everywhere).
    """

    def __init__(
        self,
        channels: Channels,
        history: int,
        horizons: Sequence[int],
        items: Int64[np.ndarray, "I 2"],
        tiles: Sequence[Tile],
        location: Float32[np.ndarray, "2 Y X"],
        weight: Float32[np.ndarray, "Y X"],
        judged: Bool[np.ndarray, "Y X"] | None = None,
    ) -> None:
        statistics = channels.scaled.statistics
        self._channels = channels
        self._variables = slice(0, len(statistics.targets))
        self._deviation = statistics.deviation[self._variables, None, None]
        self._history = history
        self._leads = np.array(horizons, dtype=np.int64)
        self._items = items
        self._tiles = tuple(tiles)
        self._location = location
        self._weight = weight
        self._judged = judged

    @property
    def issue_times(self) -> tuple[int, ...]:
        """For each item, the index in the series of the last input step: when the forecast is issued."""
        return tuple(self._items[:, 0].tolist())

    @property
    def cells(self) -> int:
        """Cells of a tile; all are of one size."""
        return self._tiles[0].cells

    def between(self, first: int, stop: int) -> "WindowDataset":
        """The items from number `first` to before number `stop`."""
        chosen = copy(self)
        chosen._items = self._items[first:stop]
        return chosen

    def whole(self) -> "WindowDataset":
        """The same windows over the whole field, each once and in the order of their issue.

        Targets count where some tile of this data set stands: nowhere else were they seen.
        """
        height, width = self._weight.shape
        seen = np.zeros((height, width), dtype=bool)
        for tile in self._tiles:
            seen[tile.rows, tile.columns] = True
        steps = np.unique(self._items[:, 0])
        return WindowDataset(
            channels=self._channels,
            history=self._history,
            horizons=self._leads.tolist(),
            items=np.stack([steps, np.zeros_like(steps)], axis=1),
            tiles=cut_tiles((height, width), None),
            location=self._location,
            weight=self._weight,
            judged=seen if self._judged is None else seen & self._judged,
        )

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Batch:
        step, number = self._items[index].tolist()
        return self.window(step, self._tiles[number])

    def window(self, step: int, tile: Tile) -> Batch:
        """What would stand in the list for a window that is issued at any step, and any rectangle of the field.

        A file that can't be read for a moment is read again (see `patiently`).
        """
        return patiently(lambda: self._window(step, tile), self._channels.scaled.store.close)

    def _window(self, step: int, tile: Tile) -> Batch:
        variables, scaled = self._variables, self._channels.scaled
        rows, columns = tile.rows, tile.columns
        steps, targets = np.arange(step - self._history + 1, step + 1), step + self._leads
        fields, known = scaled.cut(steps, tile)
        values, valid = scaled.cut(targets, tile, variables)
        if self._judged is not None:
            valid = valid & self._judged[rows, columns]
        offset = scaled.centre[scaled.phases[targets], variables, rows, columns]
        last = last_known(fields[:, variables], known[:, variables])
        base = last
        if self._channels.relative:
            values = (values - last) * scaled.change[variables, None, None]
            offset = offset + self._deviation * last
            base = np.zeros_like(last)
        return Batch(
            inputs=torch.from_numpy(self._channels.cut(steps, tile, fields, known)),
            base=torch.from_numpy(base.copy()),
            values=torch.from_numpy(np.where(valid, values, np.float32(0))),
            valid=torch.from_numpy(valid),
            offset=torch.from_numpy(offset),
            location=torch.from_numpy(self._location[:, rows, columns]),
            weight=torch.from_numpy(self._weight[rows, columns]),
            time=torch.tensor(step),
        )
