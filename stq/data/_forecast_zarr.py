"""Forecasts as a Zarr store (format 3) with CF conventions, readable by xarray."""

import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import zarr
import zarr.codecs
from jaxtyping import Float32

from stq.data._forecast_layout import CONVENTIONS, ForecastLayout

_CHUNK = 512


class ZarrForecasts:
    """A store that is open for writing; missing values are NaN, every chunk carries a checksum."""

    def __init__(self, path: Path, layout: ForecastLayout) -> None:
        self._layout = layout
        self._group = zarr.create_group(
            str(path), zarr_format=3, attributes={"Conventions": CONVENTIONS, **layout.attributes}
        )
        sizes = layout.sizes()
        for variable in layout.file_variables():
            known = variable.values
            attributes: dict[str, Any] = {key: plain(value) for key, value in variable.attributes.items()}
            if known is None:
                attributes["_FillValue"] = FILL_VALUE
            shape = tuple(sizes[dim] for dim in variable.dims)
            made = self._group.create_array(
                variable.name,
                shape=shape,
                dtype="float32" if known is None else known.dtype,
                chunks=tuple(
                    min(size, _CHUNK) if known is not None or dim in layout.dims else 1
                    for dim, size in zip(variable.dims, shape, strict=True)
                ),
                compressors=[zarr.codecs.ZstdCodec(level=1), zarr.codecs.Crc32cCodec()],
                fill_value=np.nan if known is None else 0,
                dimension_names=variable.dims,
                attributes=attributes,
            )
            if known is not None:
                made[...] = known

    def __enter__(self) -> "ZarrForecasts":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            with warnings.catch_warnings():  # not in the format's specification yet, and xarray asks for it
                warnings.filterwarnings("ignore", "Consolidated metadata is currently not part")
                zarr.consolidate_metadata(self._group.store)

    def write(
        self,
        init: int,
        rows: slice,
        columns: slice,
        central: Float32[np.ndarray, "H C Y X"],
        quantiles: Float32[np.ndarray, "H Q C Y X"] | None,
    ) -> None:
        """See `ForecastFile.write`."""
        for number, name in enumerate(self._layout.variables):
            self._array(name)[init, :, rows, columns] = central[:, number]
            if quantiles is not None:
                self._array(f"{name}_quantile")[init, :, :, rows, columns] = quantiles[:, :, number]

    def _array(self, name: str) -> Any:
        return self._group[name]


FILL_VALUE = "AAAAAAAA+H8="
"""NaN as xarray writes it into the attributes of a Zarr array: base64 of a double."""


def plain(value: object) -> Any:
    """What JSON can hold."""
    return value.item() if isinstance(value, np.generic) else value.tolist() if isinstance(value, np.ndarray) else value
