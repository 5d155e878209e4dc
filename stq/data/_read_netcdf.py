"""NetCDF-3 and NetCDF-4."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import xarray as xr

from stq.data._cf_dataset import open_cf
from stq.data._reader import Reader, absent, closed_at_the_end
from stq.errors import DataError


@dataclass(frozen=True)
class NetcdfReader(Reader):
    """Everything that the netCDF library opens; also what is taken for NetCDF where no other reader knows a file."""

    name: ClassVar[str] = "netcdf"
    suffixes: ClassVar[tuple[str, ...]] = (".nc", ".nc4", ".cdf", ".netcdf", ".h5", ".hdf5")

    @contextmanager
    def open(self, address: str) -> Iterator[xr.Dataset]:
        """See `Reader.open`."""
        path = Path(address)
        if not path.is_file():
            raise DataError(f"{address}: no such file") from absent(address)
        try:
            dataset = open_cf(path, "netcdf4")
        except PermissionError as error:
            raise DataError(f"{address}: may not be read ({error.strerror})") from error
        except ValueError as error:
            cause = str(error).split(" Try opening your dataset")[0]
            raise DataError(f"{address}: its CF conventions can't be decoded: {cause}") from error
        except (OSError, RuntimeError) as error:
            raise DataError(f"{address}: can't be read as NetCDF: {error}") from error
        with closed_at_the_end(dataset):
            yield dataset
