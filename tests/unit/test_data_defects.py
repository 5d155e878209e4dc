"""Defective inputs, one by one: each is refused with a single clear error that names the file and what is wrong.

The table `DEFECTS` lists them: what is defective, how it is made, and words that the error must hold.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from support.grids import monthly, request_for, seasonal, write_grid
from support.rasters import write_tif

from stq.data import DataRequest, Derived, Mask, RegularTime, StaticMap, build_data
from stq.errors import DataError

FIELD = seasonal(48)
Arguments = dict[str, object]


def grid(folder: Path, field: np.ndarray = FIELD, **changes: object) -> Path:
    return write_grid(folder / "a.nc", {"air": field}, **changes)


def changed(folder: Path, change: Callable[[xr.Dataset], xr.Dataset], name: str = "b.nc") -> Path:
    """A sound file with one thing changed."""
    with xr.open_dataset(grid(folder)) as dataset:
        change(dataset.load()).to_netcdf(folder / name, engine="netcdf4")
    return folder / name


def cut(path: Path, share: float) -> Path:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def overwritten(path: Path) -> Path:
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 400] = bytes(400)
    path.write_bytes(whole)
    return path


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def store(folder: Path, **encoding: object) -> Path:
    plain = xr.Dataset({"air": (("time", "lat", "lon"), FIELD, {"units": "K"})}, {"time": monthly(48)})
    plain.to_zarr(folder / "a.zarr", zarr_format=3, consolidated=False, encoding={"air": {"chunks": (12, 4, 5)}})
    return folder / "a.zarr"


def without(path: Path, name: str) -> Path:
    target = path / name
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    return path


def saved(path: Path, array: np.ndarray, **arrays: np.ndarray) -> Path:
    np.savez(path, air=array, **arrays) if path.suffix == ".npz" else np.save(path, array)
    return path


def frames(folder: Path, **changes: object) -> Path:
    for month, frame in zip(monthly(24), FIELD, strict=False):
        write_tif(folder / f"{month:%Y-%m}.tif", frame, names=("air",), **changes)
    return folder


def beside(folder: Path, path: Path, *more: Path) -> Arguments:
    return {"source": (str(path), *map(str, more))}


def later(folder: Path, name: str = "later.nc", **changes: object) -> Path:
    return write_grid(folder / name, {"air": seasonal(12)}, times=monthly(12, start="1999-01-01"), **changes)


def with_units(path: Path, units: str) -> Path:
    with netCDF4.Dataset(path, "a") as file:
        file["air"].units = units
    return path


def dates(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], Path]:
    times = np.array(monthly(48), dtype="datetime64[ns]")
    return lambda folder: grid(folder, times=change(times.copy()))


def swapped(times: np.ndarray) -> np.ndarray:
    times[[10, 20]] = times[[20, 10]]
    return times


def repeated(times: np.ndarray) -> np.ndarray:
    times[8] = times[7]
    return times


def lost(times: np.ndarray) -> np.ndarray:
    times[5] = np.datetime64("NaT")
    return times


def holding(value: float, place: tuple[int, int, int]) -> np.ndarray:
    field = FIELD.copy()
    field[place] = value
    return field


def closed(folder: Path) -> Path:
    if os.geteuid() == 0:
        pytest.skip("root may read every folder")
    (folder / "closed").mkdir()
    path = grid(folder / "closed")
    path.parent.chmod(0)
    return path


MONTHLY = {"time": RegularTime((1995, 1, 1, 0, 0, 0), "1 month")}
NDVI = {"targets": ("ndvi",)}
Make = Callable[[Path], Path | tuple[Path, ...]]

DEFECTS: dict[str, tuple[Make, Arguments, str]] = {
    # files that are none
    "no file": (lambda f: f / "gone.nc", {}, "gone.nc: no such file"),
    "a pattern without a match": (lambda f: f / "*.nc", {}, r"\*.nc: no file matches this pattern"),
    "an empty folder": (lambda f: f, {}, "is a folder; name its files"),
    "a folder that may not be entered": (closed, {}, "may not be read|no such file|can't be read"),
    "an empty file": (lambda f: written(f / "a.nc", b""), {}, "a.nc: can't be read as NetCDF"),
    "a text called .nc": (lambda f: written(f / "a.nc", "time,air\n"), {}, "a.nc: can't be read as NetCDF"),
    "a text called .tif": (lambda f: written(f / "2000-01.tif", "x"), {}, "2000-01.tif: can't be read as GeoTIFF"),
    "a text called .npy": (
        lambda f: written(f / "air.npy", "x" * 99),
        {},
        "air.npy: .*a pickle|air.npy: can't be read",
    ),
    "a text called .npz": (lambda f: written(f / "air.npz", "x" * 99), {}, "air.npz: "),
    "an address without a package": (lambda f: "gs://bucket/a.zarr", {}, "gs://bucket/a.zarr: needs"),
    "an address of a file": (lambda f: "s3://bucket/a.nc", {}, "s3://bucket/a.nc: only Zarr stores"),
    # damage
    "NetCDF cut short": (lambda f: cut(grid(f), 0.6), {}, "a.nc: can't be read"),
    "NetCDF overwritten in the middle": (
        lambda f: overwritten(grid(f, seasonal(60, 20, 20), encoding={"air": {"zlib": True}})),
        {},
        "a.nc: variable 'air' can't be read, the file is damaged",
    ),
    "Zarr without a chunk": (lambda f: without(store(f), "air/c/2"), {}, r"a.zarr: variable 'air' lacks its chunk c/2"),
    "Zarr with a chunk cut short": (
        lambda f: cut(store(f) / "air/c/1/0/0", 0.5).parents[4],
        {},
        "a.zarr: variable 'air' can't be read, the file is damaged",
    ),
    "Zarr without its metadata": (
        lambda f: without(store(f), "zarr.json"),
        {},
        "a.zarr: can't be read as a Zarr store",
    ),
    "Zarr with broken metadata": (
        lambda f: written(store(f) / "air" / "zarr.json", "{").parents[1],
        {},
        "a.zarr: can't be read as a Zarr store",
    ),
    "Zarr without its times": (lambda f: without(store(f), "time/c"), {}, "a.zarr: variable 'time' lacks its chunk"),
    "GeoTIFF cut short": (
        lambda f: cut(write_tif(f / "2000-01.tif", seasonal(1, 40, 50)[0], names=("air",)), 0.5),
        {},
        "2000-01.tif: .*(damaged|can't be read)",
    ),
    "npy cut short": (lambda f: cut(saved(f / "air.npy", FIELD), 0.5), MONTHLY, "air.npy: can't be read"),
    "npz cut short": (lambda f: cut(saved(f / "air.npz", FIELD), 0.5), MONTHLY, "air.npz: can't be read"),
    # what is not numbers
    "text as values": (
        lambda f: changed(f, lambda d: d.assign(air=(d.air.dims, np.full(d.air.shape, "x")))),
        {},
        "b.nc: variable 'air' holds .*, not numbers",
    ),
    "Python objects in npy": (
        lambda f: saved(f / "air.npy", np.full((48, 2, 2), {})),
        MONTHLY,
        "air.npy: holds Python objects .* never loads",
    ),
    "Python objects in npz": (
        lambda f: saved(f / "a.npz", np.full((48, 2, 2), {})),
        MONTHLY,
        "a.npz: holds Python objects .* never loads",
    ),
    "complex numbers in npy": (
        lambda f: saved(f / "air.npy", FIELD * 1j),
        MONTHLY,
        "air.npy: variable 'air' holds complex",
    ),
    # axes and time
    "no such variable": (grid, {"targets": ("aire",)}, "a.nc: no variable 'aire' .*did you mean 'air'"),
    "no time axis": (lambda f: grid(f, FIELD[0]), {}, "a.nc: variable 'air' has no time axis"),
    "no dates": (lambda f: grid(f, times=np.arange(48)), {}, "a.nc: the time axis 'time' .* holds no dates"),
    "no dates in npy": (lambda f: saved(f / "air.npy", FIELD), {}, "air.npy: the time axis .* holds no dates"),
    "dates where data.time gives others": (grid, MONTHLY, "a.nc: its time axis 'time' has dates of its own"),
    "time of length zero": (lambda f: grid(f, FIELD[:0], times=monthly(1)[:0]), {}, "a.nc: the time axis 'time'"),
    "two time axes": (
        lambda f: changed(f, lambda d: d.expand_dims(run=monthly(2), axis=1)),
        {},
        "b.nc: variable 'air' has several dimensions that could be its time: time, run",
    ),
    "a further axis": (
        lambda f: changed(f, lambda d: d.expand_dims(level=2)),
        {},
        "b.nc: variable 'air' has the dimensions .*there is level",
    ),
    "axes that nobody can tell": (
        lambda f: grid(f, names=("time", "first", "second"), coordinates=False),
        {},
        "a.nc: variable 'air' .* can't tell which of them are rows and columns",
    ),
    "npy of two axes": (lambda f: saved(f / "air.npy", FIELD[0]), MONTHLY, "air.npy: "),
    "npy of four axes": (
        lambda f: saved(f / "air.npy", FIELD[None]),
        MONTHLY,
        r"air.npy: array 'air' has the shape \(1, 48, 4, 5\)",
    ),
    "npz whose arrays do not fit": (
        lambda f: saved(f / "a.npz", FIELD, sea=FIELD[:9]),
        MONTHLY,
        "a.npz: the arrays do not fit together",
    ),
    "dates that repeat": (dates(repeated), {}, "a.nc: the dates of 'time' must ascend, but steps 7 and 8 .* same date"),
    "dates out of order": (dates(swapped), {}, "a.nc: the dates of 'time' must ascend, but steps 10 and 11"),
    "a missing date": (dates(lost), {}, "a.nc: .*'time'.* missing dates|a.nc: .*can't be decoded"),
    "a gap in time": (
        lambda f: (grid(f), write_grid(f / "z.nc", {"air": seasonal(9)}, times=monthly(9, start="2000-01-01"))),
        {},
        "a.nc, .*z.nc: 'time': the steps must be even, but from 1998-12-01 to 2000-01-01",
    ),
    "units of time that nobody knows": (
        lambda f: changed(f, lambda d: d.assign_coords(time=("time", np.arange(48), {"units": "moons since 1995"}))),
        {},
        "b.nc: .*(can't be decoded|holds no dates)",
    ),
    "a GeoTIFF without a date": (
        lambda f: write_tif(f / "air.tif", FIELD[0], names=("air",)),
        {},
        "air.tif: no date in its name",
    ),
    "a GeoTIFF with two dates": (
        lambda f: write_tif(f / "20000101_20000201.tif", FIELD[0]),
        {},
        "20000101_20000201.tif: several dates in its name",
    ),
    "a GeoTIFF that the table does not know": (
        lambda f: (write_tif(f / "one.tif", FIELD[0]), written(f / "dates.csv", "file,date\ntwo.tif,2000-01-01\n"))[0],
        {"index": "dates.csv"},
        "one.tif: has no line in .*dates.csv",
    ),
    "a table with something that is no date": (
        lambda f: (write_tif(f / "one.tif", FIELD[0]), written(f / "dates.csv", "file,date\none.tif,soon\n"))[0],
        {"index": "dates.csv"},
        "dates.csv:2: expected a date such as 2020-01-31, found 'soon'",
    ),
    "two GeoTIFFs of one date": (
        lambda f: (frames(f), write_tif(f / "x_1995-02.tif", FIELD[0], names=("air",)))[0],
        {},
        "must ascend.*are the same date",
    ),
    "a step that is none": (
        lambda f: saved(f / "air.npy", FIELD),
        {"time": RegularTime((1995, 1, 1, 0, 0, 0), "6 moons")},
        "data.time.step is '6 moons'",
    ),
    "a first date that the calendar lacks": (
        lambda f: saved(f / "air.npy", FIELD),
        {"time": RegularTime((1995, 2, 29, 0, 0, 0), "1D")},
        r"data.time.start is \(1995, 2, 29",
    ),
    # files that do not fit together
    "another grid": (lambda f: (grid(f), later(f, latitude=np.arange(4.0))), {}, "later.nc: stands on another grid"),
    "another size": (
        lambda f: (grid(f), write_grid(f / "b.nc", {"air": seasonal(3, 9, 9)}, times=monthly(3, start="1999-01-01"))),
        {},
        r"b.nc: stands on another grid than .*a.nc: its size is 9 x 9",
    ),
    "other units": (
        lambda f: (grid(f), with_units(later(f), "degC")),
        {},
        "later.nc: variable 'air' is in 'degC'",
    ),
    "another calendar": (
        lambda f: (
            grid(f),
            write_grid(f / "b.nc", {"air": seasonal(3)}, times=monthly(3, start="1999-01-01", calendar="noleap")),
        ),
        {},
        "b.nc: the calendar is noleap",
    ),
    "a variable that one file lacks": (
        lambda f: (grid(f), write_grid(f / "b.nc", {"sea": FIELD}, times=monthly(48, start="1999-01-01"))),
        {},
        "b.nc: no variable 'air'",
    ),
    "bands of another size": (
        lambda f: (frames(f), write_tif(f / "1999-01.tif", seasonal(1, 9, 9)[0], names=("air",)))[0],
        {},
        "1999-01.tif: stands on another grid",
    ),
    "a frame without the band": (
        lambda f: (frames(f), write_tif(f / "1997-01.tif", FIELD[0], names=("sea",)))[0],
        {},
        "1997-01.tif: no variable 'air'",
    ),
    "two bands of one name": (
        lambda f: write_tif(f / "1997-01.tif", *FIELD[:3], names=("air", "sea", "air")),
        {},
        "1997-01.tif: two bands are called 'air'",
    ),
    "a static map on another grid": (
        lambda f: (write_tif(f / "cover.tif", seasonal(1, 9, 9)[0]), grid(f))[1],
        {"static": "cover.tif"},
        "cover.tif: static map 'band_1' stands on another grid",
    ),
    # values
    "nothing but missing values": (lambda f: grid(f, FIELD * np.nan), {}, "a.nc: target 'air' has no valid value"),
    "the same value everywhere": (lambda f: grid(f, FIELD * 0 + 3), {}, "a.nc: target 'air' is 3 in every cell"),
    "an infinite value": (
        lambda f: grid(f, holding(np.inf, (7, 2, 3))),
        {},
        "a.nc: variable 'air' is infinite at step 7, row 2, column 3",
    ),
    "a value beyond single precision": (
        lambda f: grid(f, holding(1, (0, 0, 0)).astype(np.float64) * 1e200),
        {},
        "a.nc: variable 'air' is infinite",
    ),
    "a latitude beyond the pole": (
        lambda f: grid(f, latitude=np.array([80.0, 85, 90, 95])),
        {},
        "a.nc: variable 'air': latitude must lie within -90 and 90",
    ),
    # what is computed
    "a derived variable that divides by zero everywhere": (
        grid,
        {**NDVI, "derived": (Derived("ndvi", "air / (air - air)"),)},
        "a.nc: target 'ndvi' has no valid value",
    ),
    "a derived variable of an unknown one": (
        grid,
        {**NDVI, "derived": (Derived("ndvi", "2 * aire"),)},
        "a.nc: data.derived.ndvi.expr: no variable 'aire'; did you mean",
    ),
    "a derived variable that is there already": (
        grid,
        {"derived": (Derived("air", "2 * lat"),)},
        "a.nc: data.derived names 'air', which the file has already",
    ),
    "a mask by an unknown variable": (grid, {"mask": Mask("SCL > 3")}, "a.nc: data.mask.where: no variable 'SCL'"),
    "a mask on an unknown variable": (
        grid,
        {"mask": Mask("air > 3", ("ari",))},
        "a.nc: data.mask.variables.0: no variable 'ari'",
    ),
    "a mask that leaves nothing": (grid, {"mask": Mask("air < 0")}, "a.nc: target 'air' has no valid value"),
}


def request(folder: Path, made: object, arguments: Arguments) -> DataRequest:
    sources = made if isinstance(made, tuple) else (made,)
    changes = dict(arguments)
    if "index" in changes:
        changes["index"] = str(folder / str(changes["index"]))
    if "static" in changes:
        changes["static"] = (StaticMap("band_1", str(folder / str(changes["static"]))),)
    return request_for(*sources, **changes)


@pytest.mark.parametrize("defect", list(DEFECTS))
def test_a_defective_input_is_one_clear_error(defect: str, tmp_path: Path) -> None:
    make, arguments, words = DEFECTS[defect]
    try:
        asked = request(tmp_path, make(tmp_path), arguments)
        with pytest.raises(DataError, match=f"(?s){words}") as caught:
            build_data(asked)
    finally:
        for folder in (path for path in tmp_path.rglob("*") if path.is_dir()):
            folder.chmod(0o700)
    assert caught.value.exit_code == 3
    assert len(str(caught.value)) < 600
    assert "Traceback" not in str(caught.value)


def test_there_are_many_defects() -> None:
    assert len(DEFECTS) >= 40
