"""One of each thing that stq writes, small, with the way to write it and the way to read it back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cftime
import numpy as np
import xarray as xr
from support.grids import request_for, seasonal, write_grid
from support.statistics_parts import parts_of

from stq.app import RunFolder
from stq.app._calibrate import read_calibration
from stq.app._verify import verify
from stq.app.baselines._fitted import FittedBaselines
from stq.app.baselines._open_baselines import read_baselines
from stq.calibration import ConformalCalibration
from stq.data import Coordinate, ForecastLayout, Statistics, build_data, forecast_file, open_store, pack_data

CALIBRATION = ConformalCalibration(
    variables=("ozone", "temperature"),
    units=("DU", "K"),
    horizons=(1, 3),
    levels=(0.025, 0.975),
    outward=(((0.1, -0.2), (0.1, -0.2)), ((1 / 3, 2.0), (1 / 3, 2.0))),
    cells=((100, 90), (100, 80)),
    frames=((5, 5), (5, 4)),
)
BASELINES = FittedBaselines(
    key="0" * 64,
    names=("persistence", "linear"),
    levels=(0.025, 0.975),
    share=((0.9, 0.8), (1 / 3, 0.5)),
    coefficients=(((0.1, 0.2), (0.3, -0.4)), ((0.5, 0.6), (-0.7, 0.8))),
    intercept=((0.0, 0.1), (0.2, 0.3)),
    bands={"linear": (((-1.0, -2.0), (1.5, 2.5)), ((-3.0, -4.0), (3.5, 4.5)))},
    calibrations={"linear": CALIBRATION.to_json()},
    by=("horizon",),
)
SIZE = (24, 30)


@dataclass(frozen=True)
class Written:
    """`write` puts it at a path; `read` gives all that it holds, by name, and raises CheckFailed for damage."""

    name: str
    write: Callable[[Path], object]
    read: Callable[[Path], dict[str, object]]


def all_written(folder: Path) -> list[Written]:
    """Their sources go to `folder`."""
    source = write_grid(folder / "source.nc", {"air": seasonal(60, 12, 10), "cloud": seasonal(60, 12, 10, seed=2)})
    request = request_for(source, inputs=("cloud",), relative_to="last")
    statistics = build_data(request).normaliser
    return [
        Written("statistics.npz", statistics.save, read_statistics),
        Written(
            "calibration.json", lambda path: RunFolder(path.parent).write(path, CALIBRATION.to_json()), read_corrections
        ),
        Written("baselines.json", lambda path: RunFolder(path.parent).write(path, BASELINES.to_json()), read_fit),
        Written("sea.store", lambda path: pack_data(request, path), read_store),
        *(Written(f"out{ending}", write_forecast, read_forecast) for ending in (".nc", ".zarr", ".tif")),
    ]


def layout() -> ForecastLayout:
    """Two variables, two steps ahead, from one date."""
    dates = [cftime.datetime(2000, month, 1, calendar="noleap") for month in (1, 2, 3)]
    latitude = Coordinate(
        ("lat",), np.linspace(40, 30, SIZE[0]), {"standard_name": "latitude", "units": "degrees_north"}
    )
    longitude = Coordinate(
        ("lon",), np.linspace(0, 9, SIZE[1]), {"standard_name": "longitude", "units": "degrees_east"}
    )
    return ForecastLayout(
        variables=("air", "rain"),
        units=("K", ""),
        horizons=(1, 2),
        levels=(0.1, 0.9),
        init_times=(dates[0],),
        valid_times=(tuple(dates[1:]),),
        periods=(1, 2),
        period_unit="1",
        size=SIZE,
        dims=("lat", "lon"),
        coordinates={"lat": latitude, "lon": longitude},
        attributes={"source": "a run", "history": "made by a test"},
    )


def write_forecast(path: Path) -> None:
    """Noise, which compression can't make small, in bands of rows."""
    random = np.random.default_rng(0)
    central = random.normal(size=(2, 2, *SIZE)).astype(np.float32)
    quantiles = random.normal(size=(2, 2, 2, *SIZE)).astype(np.float32)
    with forecast_file(path, layout()) as file:
        for rows in (slice(0, 10), slice(10, SIZE[0])):
            file.write(0, rows, slice(0, SIZE[1]), central[..., rows, :], quantiles[..., rows, :])


def read_statistics(path: Path) -> dict[str, object]:
    return parts_of(Statistics.load(path))


def read_corrections(path: Path) -> dict[str, object]:
    found = read_calibration(RunFolder(path.parent))
    assert found is not None
    return vars(found)


def read_fit(path: Path) -> dict[str, object]:
    found = read_baselines(RunFolder(path.parent))
    assert found is not None
    return vars(found)


def read_store(path: Path) -> dict[str, object]:
    store = open_store(path)
    store.verify()
    fields = store.fields(store.names)
    values = fields.read(np.arange(len(store.dates)), fields.whole)
    kept = {key: value for key, value in vars(store).items() if key not in ("path", "scan", "dates", "grid")}
    return kept | vars(store.scan) | vars(store.grid) | {"values": values, "dates": store.dates.values}


def read_forecast(path: Path) -> dict[str, object]:
    """By the library of the format, once its checksum was found right."""
    verify(path)
    if path.suffix == ".tif":
        import rasterio

        with rasterio.open(path) as file:
            tags = [file.tags(band) for band in (0, *file.indexes)]
            tags[0].pop("history")  # when it was written
            return {"bands": file.read(), "tags": tags, "names": file.descriptions, "place": tuple(file.transform)}
    opened = xr.open_zarr(path) if path.suffix == ".zarr" else xr.open_dataset(path)
    with opened as found:
        attributes = {name: dict(found[name].attrs) for name in found.variables}
        return {name: found[name].values for name in found.variables} | {"attributes": attributes}


def same(one: dict[str, object], other: dict[str, object]) -> bool:
    """Whether two things that were read are equal, to the last bit and dtype."""
    try:
        np.testing.assert_equal(one, other)
    except AssertionError:
        return False
    return all(getattr(one[name], "dtype", None) == getattr(other[name], "dtype", None) for name in one)


def content(path: Path) -> dict[str, bytes]:
    """Every byte of a file or a folder, by name."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    return {str(each.relative_to(path.parent)): each.read_bytes() for each in files}
