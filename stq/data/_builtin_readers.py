"""The readers that stq brings, by the same hook as everybody else's."""

from stq import hookimpl
from stq.data._reader import Reader
from stq.data._sources import READERS


@hookimpl
def stq_readers() -> list[type[Reader]]:
    """NetCDF, Zarr, GeoTIFF and NumPy's files."""
    return [type(reader) for reader in READERS]
