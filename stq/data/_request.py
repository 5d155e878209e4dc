"""What a caller asks of the data, in plain arguments: the spec stops at `stq.app`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from stq.data._derived import Derived, Mask
from stq.data._reader import Reader
from stq.data._regular_time import RegularTime
from stq.data._source_file import Reading
from stq.data._sources import READERS
from stq.errors import DataError

Normalise = Literal["anomaly", "standard", "none"]
RelativeTo = Literal["none", "last"]
CalendarFeature = Literal["month", "hour"]


@dataclass(frozen=True)
class StaticMap:
    """A map that is constant in time: a variable of the source, or of a file of its own on the same grid."""

    variable: str
    file: str | None = None


@dataclass(frozen=True)
class DataRequest:
    """Where the data lies, which variables play which part, and how windows and numbers are made of them.

    `split` names blocks of *target* dates, both ends included ("1995-01" is the whole month), or fractions of the
    series in the order train, val, calibration, test. `coarsen` is (rows, columns) to a block, `patch` is
    (size, overlap) in cells of the coarsened grid, `dims` overrides the names of the axes `time`, `y` and `x`. `time`
    dates files that have no dates, `index` is a CSV file with the dates of files that are one step each.
    """

    source: tuple[str, ...]
    targets: tuple[str, ...]
    history: int
    horizons: tuple[int, ...]
    split: Mapping[str, tuple[str, str] | float]
    inputs: tuple[str, ...] = ()
    static: tuple[StaticMap, ...] = ()
    normalise: Normalise = "anomaly"
    relative_to: RelativeTo = "none"
    coarsen: tuple[int, int] | None = None
    calendar: tuple[CalendarFeature, ...] = ()
    patch: tuple[int, int] | None = None
    area_weights: Literal["none", "cosine"] = "none"
    dims: Mapping[str, str] = field(default_factory=dict)
    time: RegularTime | None = None
    index: str | None = None
    derived: tuple[Derived, ...] = ()
    mask: Mask | None = None
    readers: tuple[Reader, ...] = READERS

    def __post_init__(self) -> None:
        faults = {
            "data.targets is empty": not self.targets,
            "data.targets names a variable twice": len(set(self.targets)) < len(self.targets),
            f"data.history is {self.history}, and must be at least 1": self.history < 1,
            f"data.horizons are {self.horizons}, and must ascend from 1 or more": not _ascend_from_1(self.horizons),
            f"data.coarsen is {self.coarsen}, and must be at least 1": self.coarsen and min(self.coarsen) < 1,
        }
        for fault, found in faults.items():
            if found:
                raise DataError(fault)

    @property
    def moving(self) -> tuple[str, ...]:
        """The variables that change in time, each once: the targets first, then the further inputs."""
        return tuple(dict.fromkeys((*self.targets, *self.inputs)))

    @property
    def reading(self) -> Reading:
        """How each file is read."""
        return Reading(self.dims, self.time, self.index, self.derived, self.mask)


def _ascend_from_1(horizons: tuple[int, ...]) -> bool:
    return bool(horizons) and horizons[0] >= 1 and all(near < far for near, far in pairwise(horizons))
