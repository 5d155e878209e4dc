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
Fill = Literal["climatology", "forward"]
CALENDAR: tuple[CalendarFeature, ...] = ("month", "hour")


@dataclass(frozen=True)
class StaticMap:
    """A map that is constant in time: a variable of the source, or of a file of its own on the same grid."""

    variable: str
    file: str | None = None


@dataclass(frozen=True)
class Rare:
    """Windows to draw more often: those with a value of target `variable` above `above`, in units, drawn `times`."""

    variable: str
    above: float
    times: int


@dataclass(frozen=True)
class Blocks:
    """Squares of `size` cells, a share of which is `held_out` of training, with `buffer` cells around them."""

    size: int
    buffer: int
    held_out: float


@dataclass(frozen=True)
class RegularStep:
    """An even step such as `1D`, `6h` or `1month`, and the share of it by which a date may miss its place."""

    every: str
    tolerance: float = 0.1


@dataclass(frozen=True)
class DataRequest:
    """Where the data lies, which variables play which part, and how windows and numbers are made of them.

    `split` names blocks of *target* dates, both ends included ("1995-01" is the whole month), or fractions of the
    series in the order train, val, calibration, test; `gap` steps are kept between them, and with `strict` no time at
    all is shared. `coarsen` is (rows, columns) to a block, `patch` is (size, overlap) in cells of the coarsened grid
    and kept where at least `min_valid` of its targets are known, `dims` overrides the names of the axes `time`, `y` and
    `x`. `memory` is `auto`, `lazy`, `all`, or the bytes up to which the series is taken into memory. `future` names
    variables, and `month` and `hour`, whose values at the targets' times are known ahead. `time` dates files that have
    none, `index` is a CSV file with the dates of files that are one step each. `units` are those that variables of the
    files are converted into before anything is computed from them.
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
    memory: str | int = "auto"
    gap: int = 0
    strict: bool = False
    blocks: Blocks | None = None
    min_valid: float = 0.0
    rare: Rare | None = None
    missing: Fill = "climatology"
    step: RegularStep | None = None
    irregular: Literal["refuse", "index"] = "refuse"
    transform: Mapping[str, str] = field(default_factory=dict)
    future: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = {
            "data.targets is empty": not self.targets,
            "data.targets names a variable twice": len(set(self.targets)) < len(self.targets),
            f"data.history is {self.history}, and must be at least 1": self.history < 1,
            f"data.horizons are {self.horizons}, and must ascend from 1 or more": not _ascend_from_1(self.horizons),
            f"data.coarsen is {self.coarsen}, and must be at least 1": self.coarsen and min(self.coarsen) < 1,
            "split.blocks needs data.patch: a whole field would show the network the cells held out": (
                self.blocks is not None and self.patch is None
            ),
            "data.step makes the steps even, and data.irregular takes them as they are: give one of them": (
                self.step is not None and self.irregular == "index"
            ),
        }
        for fault, found in faults.items():
            if found:
                raise DataError(fault)

        for key, names, known in (
            ("data.transform", self.transform, self.moving),
            ("data.patch.rare", () if self.rare is None else (self.rare.variable,), self.targets),
        ):
            for name in names:
                if name not in known:
                    raise DataError(f"{key} names '{name}', which is none of {', '.join(known)}")
        both = sorted(set(self.future) & set(self.targets))
        if both:
            raise DataError(f"data.future names the target '{both[0]}': what is forecast is not known ahead")

    @property
    def moving(self) -> tuple[str, ...]:
        """The variables that change in time, each once: targets, then further inputs, those known ahead last."""
        inputs = (name for name in self.inputs if name not in self.future)
        return tuple(dict.fromkeys((*self.targets, *inputs, *self.ahead)))

    @property
    def ahead(self) -> tuple[str, ...]:
        """The variables that are known ahead."""
        return tuple(name for name in self.future if name not in CALENDAR)

    @property
    def ahead_calendar(self) -> tuple[CalendarFeature, ...]:
        """The calendar features of the targets' times that the network is given."""
        return tuple(name for name in CALENDAR if name in self.future)

    @property
    def reading(self) -> Reading:
        """How each file is read."""
        return Reading(self.dims, self.time, self.index, self.derived, self.mask, self.units)


def _ascend_from_1(horizons: tuple[int, ...]) -> bool:
    return bool(horizons) and horizons[0] >= 1 and all(near < far for near, far in pairwise(horizons))
