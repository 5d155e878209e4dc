"""Forecasts as NetCDF-4 with CF conventions."""

from pathlib import Path
from types import TracebackType

import netCDF4
import numpy as np
from jaxtyping import Float32

from stq.data._forecast_layout import CONVENTIONS, ForecastLayout

_CHUNK = 512


class NetcdfForecasts:
    """A file that is open for writing; missing values are NaN, fields are compressed with checksums."""

    def __init__(self, path: Path, layout: ForecastLayout) -> None:
        self._layout = layout
        self._file = netCDF4.Dataset(path, "w", format="NETCDF4")
        try:
            self._describe()
        except RuntimeError as fault:
            raise OSError(str(fault)) from fault

    def _describe(self) -> None:
        layout = self._layout
        self._file.setncatts({"Conventions": CONVENTIONS, **layout.attributes})
        sizes = layout.sizes()
        for name, size in sizes.items():
            self._file.createDimension(name, size)
        for variable in layout.file_variables():
            if variable.values is not None:
                made = self._file.createVariable(variable.name, variable.values.dtype, variable.dims)
            else:
                pieces = [1 if dim not in layout.dims else min(sizes[dim], _CHUNK) for dim in variable.dims]
                made = self._file.createVariable(
                    variable.name,
                    "f4",
                    variable.dims,
                    zlib=True,
                    complevel=1,
                    fletcher32=True,
                    chunksizes=pieces,
                    fill_value=np.nan,
                )
            made.setncatts(dict(variable.attributes))
            if variable.values is not None:
                made[...] = variable.values

    def __enter__(self) -> "NetcdfForecasts":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except RuntimeError as fault:  # HDF5 reports a full disk so
            if error is None:
                raise OSError(str(fault)) from fault

    def write(
        self,
        init: int,
        rows: slice,
        columns: slice,
        central: Float32[np.ndarray, "H C Y X"],
        quantiles: Float32[np.ndarray, "H Q C Y X"] | None,
    ) -> None:
        """See `ForecastFile.write`. Raises OSError."""
        try:
            for number, name in enumerate(self._layout.variables):
                self._file[name][init, :, rows, columns] = central[:, number]
                if quantiles is not None:
                    self._file[f"{name}_quantile"][init, :, :, rows, columns] = quantiles[:, :, number]
        except RuntimeError as fault:
            raise OSError(str(fault)) from fault
