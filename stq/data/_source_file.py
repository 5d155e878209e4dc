"""One file of the series, and how to read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stq.data._derived import Derived, Mask
from stq.data._reader import Reader
from stq.data._regular_time import RegularTime


@dataclass(frozen=True)
class Reading:
    """What the files do not say of themselves, and what is computed from them."""

    dims: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Names of the axes `time`, `y` and `x`."""
    time: RegularTime | None = None
    """Dates of files that have none."""
    index: str | None = None
    """CSV file with the dates of files that are one step each."""
    derived: tuple[Derived, ...] = ()
    mask: Mask | None = None
    units: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Units that variables of the file are converted into before anything is computed from them."""


@dataclass(frozen=True)
class SourceFile:
    """A file (a path, or the address of a store) with everything that `open_source` needs; small and picklable.

    In a message it stands for its address.
    """

    address: str
    reader: Reader
    reading: Reading = Reading()
    date: str | None = None
    """ISO date of a file that is one step."""
    before: int = 0
    """Steps in the files before this one, where dates are counted (`Reading.time`)."""

    def __str__(self) -> str:
        return self.address


Origin = Path | SourceFile
"""What an error names as the place where something was found."""
