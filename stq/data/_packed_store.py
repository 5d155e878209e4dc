"""A packed store: a series written once in the form in which windows read it fastest (`stq.data._store_format`).

Values are in units: what normalisation takes away is fitted on the training part, and so belongs to a split, not to
the data. One store serves every split, history and normalisation.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float32

from stq.data._field_store import Scan
from stq.data._grid import Grid
from stq.data._naming import Naming
from stq.data._packed_fields import PackedFields
from stq.data._scan import scan_fields
from stq.data._store_format import FORMAT, GRID, HEADER, INDEX, SINCE, file_name, npy_head, sum_of
from stq.documents import parse_json, read_text
from stq.errors import CheckFailed, DataError, nearest


@dataclass(frozen=True, eq=False)
class PackedStore:
    """What a store holds, read and checked but for the fields."""

    path: Path
    names: tuple[str, ...]
    units: tuple[str, ...]
    coarsen: tuple[int, int]
    """The blocks that were averaged when the store was packed."""
    dates: xr.DataArray
    grid: Grid
    maps: Mapping[str, Float32[np.ndarray, "Y X"]]
    scan: Scan
    side: int
    nbytes: int
    naming: Naming
    operands: Mapping[str, str]
    """Units of the variables that derived ones were computed from."""

    def fields(self, names: Sequence[str]) -> PackedFields:
        """Some of its variables.

        Raises:
            DataError: there is no such variable.
        """
        for name in names:
            if name not in self.names:
                hint = nearest(name, self.names, f"it has {', '.join(self.names)}")
                raise DataError(f"{self.path}: no variable '{name}' in this store; {hint}")
        at = [self.names.index(name) for name in names]
        files = tuple(self.path / file_name(index) for index in at)
        scan = Scan(self.scan.digests[:, at], self.scan.counts[:, at])
        return PackedFields(files, len(self.dates), self.grid.size, self.side, scan)

    def verify(self) -> None:
        """Read every number. Raises CheckFailed with the variable and the step of the first that is damaged."""
        scan_fields(self.fields(self.names), self.names)


def is_store(source: Sequence[str]) -> bool:
    """Whether `data.source` is one packed store."""
    return len(source) == 1 and (Path(source[0]).expanduser() / HEADER).is_file()


def open_store(path: Path) -> PackedStore:
    """Open a store; the sums of header and index and the size of every file are checked, no field is read.

    Raises:
        DataError: it is no store, or a later format.
        CheckFailed: it is damaged or not whole.
    """
    try:
        head = parse_json(read_text(path / HEADER))
        stated, head_sum = head.pop("format"), head.pop("sha256")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CheckFailed(f"{path / HEADER}: damaged, or no header of a packed store: {error}") from error
    if stated != FORMAT:
        raise DataError(f"{path / HEADER}: the format is {stated!r}, and this stq reads {FORMAT!r}")
    if head_sum != sum_of(head):
        raise CheckFailed(f"{path / HEADER}: damaged: it does not match its checksum")
    try:
        index = (path / INDEX).read_bytes()
    except OSError as error:
        raise CheckFailed(f"{path / INDEX}: can't be read ({error.strerror}); pack the store again") from error
    if hashlib.sha256(index).hexdigest() != head["index"]:
        raise CheckFailed(f"{path / INDEX}: damaged: it does not match its checksum; pack the store again")
    with np.load(io.BytesIO(index), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    steps, rows, columns = head["shape"]
    nbytes, beginning = len(index), npy_head(steps * rows * columns)
    for number, name in enumerate(head["names"]):
        file, expected = path / file_name(number), head["bytes"]
        found = file.stat().st_size if file.is_file() else None
        if found != expected:
            what = "is missing" if found is None else f"has {found} bytes where {expected} were written"
            raise CheckFailed(f"{file}: variable '{name}' {what}; pack the store again")
        with file.open("rb") as opened:
            if opened.read(len(beginning)) != beginning:
                raise CheckFailed(f"{file}: variable '{name}' is damaged in the head of its file; pack the store again")
        nbytes += expected
    named: dict[str, Any] = head.get("naming", {})  # stores of before there was this have none
    dates = xr.Variable("time", arrays["dates"], {"units": SINCE, "calendar": head["calendar"]})
    decoded = xr.coders.CFDatetimeCoder(time_unit="us").decode(dates, "time")
    return PackedStore(
        path=path,
        names=tuple(head["names"]),
        units=tuple(head["units"]),
        coarsen=tuple(head["coarsen"]),
        dates=xr.DataArray(decoded.values, dims="time", name="time"),
        grid=Grid((rows, columns), *(arrays.get(name) for name in GRID)),
        maps={name: arrays[f"map {number}"] for number, name in enumerate(head["maps"])},
        scan=Scan(arrays["digests"].reshape(steps, -1, 32), arrays["counts"]),
        side=head["tile"],
        nbytes=nbytes,
        naming=Naming(**{**named, "dims": tuple(named["dims"])}) if named else Naming(),
        operands=head.get("operands", {}),
    )
