"""What normalisation knows: numbers fitted on the training part, and the way between units and normalised values."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int64

from stq.data._request import Normalise, RelativeTo
from stq.data._site import Site
from stq.errors import DataError


@dataclass(frozen=True, eq=False)
class Statistics:
    """Everything that was fitted on the training part, for V moving variables (the C targets first) and S static maps.

    A normalised value stands for `(value - centre) / deviation`: the centre is the climatology (`anomaly`), one mean
    (`standard`) or 0 (`none`). `relative_to: last` takes the last known frame away as well and divides by `step`,
    the deviation of the one-step change. All numbers, but those of the static maps, are in transformed units.
    """

    targets: tuple[str, ...]
    inputs: tuple[str, ...]
    static: tuple[str, ...]
    normalise: Normalise
    relative_to: RelativeTo
    months: tuple[int, ...]
    """The calendar months that the maps of `climatology` belong to; empty where one map stands for all times."""
    climatology: Float32[np.ndarray, "P V Y X"]
    mean: Float32[np.ndarray, " V"]
    """The one mean of `standard`, in units; 0 otherwise."""
    deviation: Float32[np.ndarray, " V"]
    step: Float32[np.ndarray, " V"]
    minimum: Float32[np.ndarray, " C"]
    """The least normalised training target of each variable."""
    maximum: Float32[np.ndarray, " C"]
    indicated: Bool[np.ndarray, " V"]
    """Which variables miss a value somewhere in the training part, and so come with an indicator."""
    static_mean: Float32[np.ndarray, " S"]
    static_deviation: Float32[np.ndarray, " S"]
    transforms: tuple[str, ...] = ()
    """The function that each of the V variables goes through before anything else here; `none` for none."""
    site: Site | None = None
    """Where the data stood; None in files of before there was this."""

    def __post_init__(self) -> None:
        if not self.transforms:
            object.__setattr__(self, "transforms", ("none",) * len(self.moving))

    @property
    def moving(self) -> tuple[str, ...]:
        """The V variables, targets first."""
        return self.targets + self.inputs

    @property
    def scale(self) -> Float32[np.ndarray, " V"]:
        """Units to one normalised unit, of inputs and targets."""
        return self.step if self.relative_to == "last" else self.deviation

    @property
    def centre(self) -> Float32[np.ndarray, "P V Y X"]:
        """What is taken away before scaling, for each phase, in units."""
        if self.normalise == "anomaly":
            return self.climatology
        return np.broadcast_to(self.mean[:, None, None], self.climatology.shape)

    def scale_static(self, static: Float32[np.ndarray, "S Y X"]) -> Float32[np.ndarray, "S Y X"]:
        """Static maps from units to normalised values; the map's mean where it is missing."""
        scaled = (static - self.static_mean[:, None, None]) / self.static_deviation[:, None, None]
        return np.where(np.isfinite(scaled), scaled, np.float32(0))

    def phases(self, months: Int64[np.ndarray, " N"]) -> Int64[np.ndarray, " N"]:
        """Which map of the climatology stands for steps in these calendar months.

        Raises:
            DataError: a month that the training part never saw.
        """
        if not self.months:
            return np.zeros(len(months), dtype=np.int64)
        unknown = sorted(set(months.tolist()) - set(self.months))
        if unknown:
            raise DataError(
                f"the climatology knows the months {list(self.months)}, and the data has month {unknown[0]}"
            )
        return np.searchsorted(np.array(self.months), months).astype(np.int64)

    def save(self, path: Path) -> None:
        """Write to one npz file, whole or not at all; the same numbers give the same bytes.

        Raises:
            DiskError: no room or no permission.
        """
        from stq.data._statistics_file import save_statistics

        save_statistics(self, path)

    @classmethod
    def load(cls, path: Path) -> "Statistics":
        """Read what `save` wrote.

        Raises:
            DataError: no such file.
            CheckFailed: the file is damaged, or no file of statistics.
        """
        from stq.data._statistics_file import load_statistics

        return load_statistics(path)
