"""The data of a spec in each form that stq reads, and a made-up series in the form that archives ship."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import xarray as xr
from data_reading import waves, write_archive

from stq.app._assembly import Experiment, assemble
from stq.app._data import request_of
from stq.data import pack_data
from stq.spec import load_spec

IN_MEMORY = "NetCDF, in memory"
FORMS = (IN_MEMORY, "NetCDF, lazy", "Zarr, lazy", "packed, lazy")
LARGE = """
stq: 1
name: made-up
data:
  source: {source}
  targets: [wave]
  history: 4
  horizons: [1, 2, 3, 4]
  memory: lazy
  patch: {{size: 128, overlap: 0}}
  batch_size: 2
model: {{hidden: [24]}}
losses: [mse, pinball]
trainer: {{accelerator: cpu}}
"""


def forms(
    path: Path, overrides: Sequence[str], folder: Path, chosen: Sequence[str] = FORMS
) -> Mapping[str, tuple[Experiment, Sequence[Path]]]:
    """The experiment of the spec on the chosen forms of its data, and the files that it lies in."""
    spec = load_spec(path, [*overrides]).spec
    source = Path(spec.data.source[0])
    zarr, packed = folder / "fields.zarr", folder / "packed"
    if FORMS[2] in chosen:
        write_zarr(source, zarr)
    if FORMS[3] in chosen:
        pack_data(request_of(spec.data), packed)
    lies = dict(zip(FORMS, ((source, "all"), (source, "lazy"), (zarr, "lazy"), (packed, "lazy")), strict=True))
    found = {}
    for form in chosen:
        where, memory = lies[form]
        loaded = load_spec(path, [*overrides, f"data.memory={memory}", f"data.source={where}"])
        found[form] = assemble(loaded), [where]
    return found


def write_zarr(source: Path, path: Path, steps: int = 8) -> None:
    """The variables of a NetCDF file as a Zarr store, in chunks of so many steps of the whole field."""
    with xr.open_dataset(source, decode_cf=False) as dataset:
        sizes = {str(name): size for name, size in dataset.sizes.items()}
        time = next(name for name in sizes if name.lower().startswith("t"))
        chunks = {
            name: {"chunks": tuple(steps if dim == time else sizes[str(dim)] for dim in variable.dims)}
            for name, variable in dataset.data_vars.items()
            if time in variable.dims and variable.ndim > 1
        }
        for variable in dataset.variables.values():
            variable.encoding.clear()  # what compresses a NetCDF file is none of Zarr's codecs
        dataset.load().to_zarr(path, encoding=chunks, consolidated=False)


def write_made_up(path: Path, frames: int, side: int = 256) -> Path:
    """Made-up fields in the form that archives ship."""
    days = xr.date_range("1990-01-01", periods=frames, freq="D", use_cftime=False)
    wave = xr.DataArray(
        waves(0, frames, side), dims=("time", "y", "x"), coords={"time": days}, name="wave", attrs={"units": "m"}
    )
    write_archive(wave, path)
    return path
