"""Everything that training and scoring take from the data, behind one face."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from stq.data._field_store import FieldsInMemory, FieldStore, in_blocks
from stq.data._grid import Grid
from stq.data._in_units import in_units
from stq.data._scaled import last_known
from stq.data._statistics import Statistics
from stq.data._transform import back_to_units
from stq.data._window_dataset import WindowDataset
from stq.tensors import Batch

_WINDOWS_FOR_SHARE = 1024


@dataclass(frozen=True, eq=False)
class ForecastData:
    """The windows of every split, the way back to units, and the two forecasts that anyone could make."""

    splits: Mapping[str, WindowDataset]
    normaliser: Statistics
    variables: tuple[str, ...]
    """The C variables that are forecast."""
    units: tuple[str, ...]
    channel_names: tuple[str, ...]
    """The K input channels, the targets first."""
    history: int
    horizons: tuple[int, ...]
    grid: Grid
    times: tuple[str, ...]
    """Each step of the series in ISO 8601."""
    fingerprint: str
    """SHA-256 of the data as it is used."""
    notes: tuple[str, ...]
    """What a person should know: windows left out, maps averaged, variables that do not vary."""
    fields: FieldStore
    """The moving variables in units, the targets first; NaN where missing."""
    phases: Int64[np.ndarray, " N"]
    """Which map of the climatology stands for each step."""

    @property
    def channels(self) -> int:
        """K, the number of input channels."""
        return len(self.channel_names)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the whole field."""
        return self.grid.size

    @property
    def bytes_in_memory(self) -> int:
        """What the series takes there; 0 where it is read as it is needed."""
        return self.fields.values.nbytes if isinstance(self.fields, FieldsInMemory) else 0

    @property
    def geographic(self) -> bool:
        """Whether latitude and longitude are known."""
        return self.grid.geographic

    def whole_fields(self, batch_size: int) -> int:
        """How many whole fields go through the network at a time where training has `batch_size` windows in a batch.

        No more cells than in such a batch, so that fields larger than patches take no more memory; but at least one.
        """
        return max(1, batch_size * self.splits["train"].cells // (self.size[0] * self.size[1]))

    def time_label(self, index: int) -> str:
        """The date of one step, in ISO 8601."""
        return self.times[index]

    def target_range(self) -> tuple[Float[Tensor, " C"], Float[Tensor, " C"]]:
        """The least and the greatest normalised target of the training windows."""
        return torch.from_numpy(self.normaliser.minimum), torch.from_numpy(self.normaliser.maximum)

    def anomaly_range(self) -> tuple[Float[Tensor, " C"], Float[Tensor, " C"]]:
        """The least and the greatest departure of the training targets from their climatology, in units."""
        steps = np.unique(np.array(self.splits["train"].issue_times)[:, None] + np.array(self.horizons))
        count = len(self.variables)
        low, high = np.full(count, np.inf, dtype=np.float32), np.full(count, -np.inf, dtype=np.float32)
        for block in in_blocks(self.fields, steps, count):
            anomaly = self.fields.read(steps[block], self.fields.whole, slice(0, count)) - self._normal(steps[block])
            known = np.isfinite(anomaly)
            low = np.minimum(low, np.where(known, anomaly, np.inf).min(axis=(0, 2, 3)))
            high = np.maximum(high, np.where(known, anomaly, -np.inf).max(axis=(0, 2, 3)))
        return torch.from_numpy(low), torch.from_numpy(high)

    def persisting_share(self) -> Float[Tensor, "H C"]:
        """The share of the last known frame that is left, on average, at each horizon: damped persistence.

        The slope through the origin of normalised targets on the last frame, over the valid targets of the training
        windows, within [0, 1]; 1 where the last frame is zero throughout. Of very many windows, an even choice.
        """
        product = torch.zeros(len(self.horizons), len(self.variables), dtype=torch.float64)
        square = torch.zeros_like(product)
        windows = self.splits["train"]
        for index in range(0, len(windows), 1 + (len(windows) - 1) // _WINDOWS_FOR_SHARE):
            batch = windows[index]
            base = torch.where(batch.valid, batch.base, 0.0).double()
            product += (base * batch.values).sum(dim=(-1, -2))
            square += base.square().sum(dim=(-1, -2))
        return torch.where(square > 0, product / square.clamp(min=1e-300), 1.0).clamp(0.0, 1.0).float()

    def to_units(
        self, z: Float[Tensor, "B H *Q C Y X"], offset: Float[Tensor, "B H C Y X"]
    ) -> Float[Tensor, "B H *Q C Y X"]:
        """Normalised values as `offset + scale * z`, and back through the transform: the one crossing to the outside.

        `z` may carry the Q axis. Half precision comes out in single precision, in which units can be told apart.
        """
        return in_units(self.normaliser, z, offset)

    def climatology(self, batch: Batch) -> Float[Tensor, "B H C Y X"]:
        """The training climatology at the time of each target, in units. For whole fields.

        Of a transformed variable, the mean of its transformed values, brought back.
        """
        steps = batch.time.cpu().numpy()[:, None] + np.array(self.horizons)
        return torch.from_numpy(self._normal(steps)).to(batch.offset.device)

    def persistence(self, batch: Batch) -> Float[Tensor, "B H C Y X"]:
        """The last value known in the window, at every horizon, in units. For whole fields.

        Where the window holds none, the climatology.
        """
        steps = batch.time.cpu().numpy()
        targets, frames = slice(0, len(self.variables)), []
        for step in steps.tolist():
            window = self.fields.read(np.arange(step - self.history + 1, step + 1), self.fields.whole, targets)
            frames.append(last_known(window, np.isfinite(window)))
        last = torch.from_numpy(np.stack(frames)).to(batch.offset.device)
        normal = self.climatology(batch)
        last = last.unsqueeze(1).expand_as(normal)
        return torch.where(last.isfinite(), last, normal)

    def _normal(self, steps: Int64[np.ndarray, "*B"]) -> Float32[np.ndarray, "*B C Y X"]:
        """The climatology of the targets at some steps, in units."""
        count = len(self.variables)
        maps = self.normaliser.climatology[self.phases[steps], :count]
        return back_to_units(torch.from_numpy(maps), self.normaliser.transforms[:count]).numpy()
