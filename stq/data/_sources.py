"""From what the user wrote as `data.source` to the files of the series, each with its reader."""

import glob
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stq.data._file_dates import date_in_name, read_index
from stq.data._open_source import count_steps
from stq.data._read_geotiff import GeotiffReader
from stq.data._read_netcdf import NetcdfReader
from stq.data._read_numpy import NpyReader, NpzReader
from stq.data._read_zarr import ZarrReader, is_store
from stq.data._reader import Reader
from stq.data._source_file import Reading, SourceFile
from stq.errors import DataError

READERS: tuple[Reader, ...] = (NetcdfReader(), ZarrReader(), GeotiffReader(), NpyReader(), NpzReader())
"""The readers that stq brings."""
_GLOB_CHARACTERS = frozenset("*?[")


def list_sources(
    source: Sequence[str], reading: Reading | None = None, readers: Sequence[Reader] = READERS
) -> tuple[SourceFile, ...]:
    """Every file that `source` (paths, patterns and addresses) names, each once, in the order given.

    A pattern gives its files in order of name. A folder is a Zarr store, or stands for its GeoTIFFs. What no reader
    knows by its name is taken for NetCDF.

    Raises:
        DataError: nothing there, a folder of other files, or a file that is one step and has no date.
    """
    reading = reading or Reading()
    addresses: dict[str, None] = {}
    for entry in source:
        try:
            addresses.update(dict.fromkeys(_expand(entry)))
        except DataError as error:
            raise DataError(str(error), ("data", "source")) from error
    if not addresses:
        raise DataError("data.source names no file")
    files = [SourceFile(address, reader_of(address, readers), reading) for address in addresses]
    return tuple(_counted(files, reading) if reading.time is not None else _dated(files, reading))


def static_source(file: str, reading: Reading, readers: Sequence[Reader] = READERS) -> SourceFile:
    """A file with maps that are constant in time: no dates, and nothing computed."""
    [address] = _expand(file, "the file of a map")[:1]
    return SourceFile(address, reader_of(address, readers), Reading(dims=reading.dims))


def reader_of(address: str, readers: Sequence[Reader]) -> Reader:
    """The reader with the longest ending that the file's name has.

    Raises:
        DataError: none has it, and what lies there is no NetCDF either by its name.
    """
    name = address.rstrip("/").lower()
    fitting = [(suffix, reader) for reader in readers for suffix in reader.suffixes if name.endswith(suffix)]
    if fitting:
        return max(fitting, key=lambda pair: len(pair[0]))[1]
    wanted = ZarrReader if "://" in address or Path(address).is_dir() else NetcdfReader
    for reader in readers:
        if isinstance(reader, wanted):
            return reader
    known = ", ".join(suffix for reader in readers for suffix in reader.suffixes)
    raise DataError(f"{address}: no reader knows such a file (there are readers for {known})")


def _expand(entry: str, asked_by: str = "data.source") -> list[str]:
    if "://" in entry:
        if _GLOB_CHARACTERS & set(entry):
            raise DataError(f"{entry}: a pattern can't stand in an address; list the stores ({asked_by})")
        if Path(entry.rstrip("/")).suffix.lower() in (".nc", ".tif", ".tiff", ".npy", ".npz"):
            raise DataError(f"{entry}: only Zarr stores are read from an address; fetch the file first ({asked_by})")
        return [entry]
    path = Path(entry).expanduser()
    try:
        if path.is_file() or (path.is_dir() and is_store(path)):
            return [str(path)]
        if path.is_dir():
            return _frames_in(path, entry, asked_by)
        if _GLOB_CHARACTERS & set(entry):
            found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
            usable = [str(each) for each in found if each.is_file() or is_store(each)]
            if not usable:
                raise DataError(f"{entry}: no file matches this pattern ({asked_by})")
            return usable
    except PermissionError as error:
        raise DataError(f"{entry}: may not be read ({error.strerror}) ({asked_by})") from error
    raise DataError(f"{entry}: no such file ({asked_by})")


def _frames_in(folder: Path, entry: str, asked_by: str) -> list[str]:
    frames = [str(path) for path in sorted(folder.iterdir()) if path.suffix.lower() in GeotiffReader.suffixes]
    if not frames:
        pattern = folder / "*.nc"
        raise DataError(f"{entry}: is a folder; name its files, or a pattern such as {pattern} ({asked_by})")
    return frames


def _dated(files: Sequence[SourceFile], reading: Reading) -> list[SourceFile]:
    if reading.index is None:
        return [
            replace(file, date=date_in_name(Path(file.address))) if file.reader.one_frame else file for file in files
        ]
    table = read_index(Path(reading.index))
    dated = []
    for file in files:
        if not file.reader.one_frame:
            raise DataError(
                f"{file}: data.time.index is for files that are one step each, and this is {file.reader.name}"
            )
        date = table.get(Path(file.address).absolute())
        if date is None:
            raise DataError(f"{file}: has no line in {reading.index} (data.time.index)")
        dated.append(replace(file, date=date))
    return dated


def _counted(files: Sequence[SourceFile], reading: Reading) -> list[SourceFile]:
    before, counted = 0, []
    for number, file in enumerate(files, start=1):
        counted.append(replace(file, before=before))
        if number < len(files):
            before += 1 if file.reader.one_frame else count_steps(file)
    return counted
