"""Forecasts into a file that other tools open: written piece by piece beside its place, and whole or absent there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from jaxtyping import Float32
from numpy import ndarray

from stq.data._forecast_layout import ForecastLayout
from stq.data._forecast_seal import put_seal
from stq.errors import UsageError
from stq.files import whole

FORMATS = (".nc", ".zarr", ".tif")


class ForecastFile(Protocol):
    """An open file of forecasts."""

    def write(
        self,
        init: int,
        rows: slice,
        columns: slice,
        central: Float32[ndarray, "H C Y X"],
        quantiles: Float32[ndarray, "H Q C Y X"] | None,
    ) -> None:
        """Put one piece of the forecast from the initial time number `init` where it belongs, in units."""


@contextmanager
def forecast_file(path: Path, layout: ForecastLayout) -> Iterator[ForecastFile]:
    """A new file of forecasts, in the format of its ending: NetCDF-4, Zarr (a folder) or GeoTIFF.

    It stands at `path` once the block has ended well, complete, flushed and with its checksum (`check_seal`); before
    that, and after an error, nothing does.

    Raises UsageError for another ending, something that is there already, or what the format can't hold; DiskError
    where it can't be written.
    """
    refuse_taken(path)
    with whole(path, new=True) as part:
        with writer(part, layout) as file:
            yield file
        put_seal(part)


def refuse_taken(path: Path) -> None:
    """Raises UsageError for an ending that no format has, and where something is at `path` already."""
    if path.suffix not in FORMATS:
        raise UsageError(f"{path}: a file of forecasts ends in {', '.join(FORMATS)}")
    if path.exists():
        raise UsageError(f"{path} is there already; give another name, or remove it first")


@contextmanager
def writer(part: Path, layout: ForecastLayout) -> Iterator[ForecastFile]:
    """The open file in its format. Each format brings its library only when it is asked for."""
    if part.suffix == ".nc":
        from stq.data._forecast_netcdf import NetcdfForecasts

        with NetcdfForecasts(part, layout) as netcdf:
            yield netcdf
    elif part.suffix == ".zarr":
        from stq.data._forecast_zarr import ZarrForecasts

        with ZarrForecasts(part, layout) as store:
            yield store
    else:
        from stq.data._forecast_geotiff import GeotiffForecasts

        with GeotiffForecasts(part, layout) as geotiff:
            yield geotiff
