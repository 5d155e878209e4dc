"""What stq sees in a file, before there is a spec."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from stq.data._axes import Axes, find_axes
from stq.data._grid import Grid, read_grid
from stq.data._open_source import open_source
from stq.data._source_file import SourceFile
from stq.data._time_summary import TimeSummary, summarise_times
from stq.data._variable_summary import VariableSummary, short, summarise_variable
from stq.errors import DataError


@dataclass(frozen=True)
class Inspection:
    """A file, or the first of several. `time` is None where nothing in it has dates."""

    path: str
    files: int
    reader: str
    dims: dict[str, int]
    axes: dict[str, str]
    geographic: bool
    latitude: tuple[float, float] | None
    longitude: tuple[float, float] | None
    time: TimeSummary | None
    variables: tuple[VariableSummary, ...]

    @property
    def moving(self) -> tuple[str, ...]:
        """Usable variables that change in time, and hold more than one value."""
        return tuple(v.name for v in self.variables if v.moving and not v.problem)

    @property
    def maps(self) -> tuple[str, ...]:
        """Usable maps."""
        return tuple(v.name for v in self.variables if not v.moving and not v.problem)


def inspect_sources(files: tuple[SourceFile, ...]) -> Inspection:
    """Look at the first file, at a bounded number of its cells, and at the dates of all.

    Raises:
        DataError: a file can't be opened. What is wrong with one variable, or with the dates, is part of the answer.
    """
    first = files[0]
    with open_source(first) as dataset:
        found = {str(name): _placed(field, first) for name, field in dataset.data_vars.items()}
        usable = [(axes, grid) for axes, grid, _ in found.values() if axes is not None and grid is not None]
        moving = [axes for axes, _ in usable if axes.time is not None]
        axes, grid = next(((a, g) for a, g in usable if a.time is not None), usable[0] if usable else (None, None))
        summaries = tuple(
            summarise_variable(dataset[name], first, axes_of_it, problem)
            for name, (axes_of_it, _, problem) in found.items()
        )
        return Inspection(
            path=str(first),
            files=len(files),
            reader=first.reader.name,
            dims={str(name): int(size) for name, size in dataset.sizes.items()},
            axes={} if axes is None else {k: v for k, v in vars(axes).items() if v is not None},
            geographic=grid is not None and grid.geographic,
            latitude=_extent(None if grid is None else grid.lat),
            longitude=_extent(None if grid is None else grid.lon),
            time=summarise_times(files, moving[0].time) if moving and moving[0].time else None,
            variables=summaries,
        )


def _placed(field: xr.DataArray, file: SourceFile) -> tuple[Axes | None, Grid | None, str]:
    if not (np.issubdtype(field.dtype, np.number) or field.dtype == bool) or np.iscomplexobj(field):
        return None, None, f"holds {field.dtype}, not numbers"
    try:
        axes = find_axes(field, file.reading.dims, file)
        return axes, read_grid(field, axes, f"{file}: variable '{field.name}'"), ""
    except DataError as error:
        return None, None, short(str(error), file, field)


def _extent(positions: np.ndarray | None) -> tuple[float, float] | None:
    return None if positions is None else (float(positions.min()), float(positions.max()))
