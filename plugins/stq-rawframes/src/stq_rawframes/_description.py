"""The JSON file that says what raw numbers mean."""

import glob
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stq.errors import DataError, did_you_mean

REQUIRED = ("files", "dtype", "shape", "variable")
OPTIONAL = ("units", "missing", "header")


@dataclass(frozen=True)
class Description:
    """Frames in one or several files: `steps[i]` of `rows` x `columns` in `files[i]`, behind `header` bytes."""

    files: tuple[Path, ...]
    steps: tuple[int, ...]
    rows: int
    columns: int
    dtype: np.dtype
    variable: str
    units: str
    missing: float | None
    header: int


def read_description(path: Path) -> Description:
    """Read and check it against the files. Raises DataError that names the description, the key and the file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: can't be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path}: expected a mapping of {', '.join(REQUIRED)}, found {type(found).__name__}")
    for key in found.keys() - {*REQUIRED, *OPTIONAL}:
        hint = did_you_mean(key, (*REQUIRED, *OPTIONAL)) or f"the keys are {', '.join((*REQUIRED, *OPTIONAL))}"
        raise DataError(f"{path}: unknown key '{key}'; {hint}")
    for key in REQUIRED:
        if key not in found:
            raise DataError(f"{path}: lacks the key '{key}'")
    dtype = _dtype(found["dtype"], path)
    wanted, rows, columns = _shape(found["shape"], path)
    header, missing = found.get("header", 0), found.get("missing")
    if not _is_count(header, least=0):
        raise DataError(f"{path}: header is {header!r}, and must be a number of bytes")
    if missing is not None and (isinstance(missing, bool) or not isinstance(missing, int | float)):
        raise DataError(f"{path}: missing is {missing!r}, and must be a number")
    files = tuple(Path(name) for name in sorted(glob.glob(str(path.parent / str(found["files"])))))
    if not files:
        raise DataError(f"{path}: no file matches '{found['files']}' (files)")
    steps = tuple(_steps(file, header, wanted, rows * columns * dtype.itemsize, path) for file in files)
    variable, units = str(found["variable"]), str(found.get("units", ""))
    return Description(files, steps, rows, columns, dtype, variable, units, missing, header)


def _dtype(word: object, path: Path) -> np.dtype:
    try:
        dtype = np.dtype(str(word))
    except TypeError as error:
        raise DataError(f"{path}: dtype is {word!r}, and must be a type of numbers such as '<i2' or '>f4'") from error
    if dtype.kind not in "iuf":
        raise DataError(f"{path}: dtype is {word!r}, which are no real numbers")
    return dtype


def _shape(shape: object, path: Path) -> tuple[int | None, int, int]:
    if isinstance(shape, list) and len(shape) == 3:
        steps, rows, columns = shape
        if (steps is None or _is_count(steps)) and _is_count(rows) and _is_count(columns):
            return steps, rows, columns
    raise DataError(f"{path}: shape is {shape!r}, and must be [steps or null, rows, columns], each at least 1")


def _is_count(value: object, least: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _steps(file: Path, header: int, wanted: int | None, frame: int, path: Path) -> int:
    size = file.stat().st_size - header
    steps = size // frame if wanted is None else wanted
    if size != steps * frame or steps < 1:
        count = "frames" if wanted is None else f"{wanted} frames"
        raise DataError(
            f"{file}: holds {size} bytes behind a header of {header}, which are no {count} of {frame} bytes each; "
            f"compare shape, dtype and header in {path}"
        )
    return steps
