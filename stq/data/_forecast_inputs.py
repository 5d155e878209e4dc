"""What forecasts are made from: the data as far as it goes, and the dates that it does not reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cftime
import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from stq.data._area_weights import area_weights
from stq.data._even_steps import SparseFields
from stq.data._forecast_layout import ForecastLayout
from stq.data._in_units import in_units
from stq.data._inits import missing_notes, steps_of
from stq.data._match import converted, operands_to_convert, refuse_other_data, refuse_other_request
from stq.data._request import DataRequest
from stq.data._rows_kept import RowsKept
from stq.data._scaled import scale_fields
from stq.data._series import Series, read_series
from stq.data._site import Site
from stq.data._statistics import Statistics
from stq.data._tiles import Tile
from stq.data._time_axis import read_times
from stq.data._time_step import TimeStep
from stq.data._window_dataset import WindowDataset
from stq.data._window_parts import channels_of, location_of
from stq.errors import CheckFailed, DataError
from stq.tensors import Batch


@dataclass(frozen=True, eq=False)
class ForecastInputs:
    """The windows that are issued at `inits`, steps of `series`: it goes on behind the data, with nothing in it."""

    statistics: Statistics
    site: Site
    step: TimeStep
    series: Series
    horizons: tuple[int, ...]
    inits: tuple[int, ...]
    windows: WindowDataset
    channels: int
    notes: tuple[str, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """The C variables that are forecast."""
        return self.statistics.targets

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the whole field."""
        return self.series.grid.size

    @property
    def geographic(self) -> bool:
        """Whether latitude and longitude are known."""
        return self.series.grid.geographic

    def window(self, init: int, rows: slice, columns: slice) -> Batch:
        """One window, without its B axis."""
        return self.windows.window(init, Tile(rows, columns))

    def known(self, rows: slice) -> Bool[np.ndarray, "C y X"]:
        """Where the training part had a value."""
        return self.site.known[:, rows]

    def to_units(
        self, z: Float[Tensor, "B H *Q C Y X"], offset: Float[Tensor, "B H C Y X"]
    ) -> Float[Tensor, "B H *Q C Y X"]:
        """Normalised values in units."""
        return in_units(self.statistics, z, offset)

    def layout(self, levels: Sequence[float], attributes: Mapping[str, str]) -> ForecastLayout:
        """The file that these forecasts go into; title and institution are those of the data."""
        dates = dates_of(self.series)
        periods, unit = self.step.periods(self.horizons)
        naming = self.series.naming
        return ForecastLayout(
            variables=self.variables,
            units=self.site.units[: len(self.variables)],
            horizons=self.horizons,
            levels=tuple(levels),
            init_times=tuple(dates[init] for init in self.inits),
            valid_times=tuple(tuple(dates[init + horizon] for horizon in self.horizons) for init in self.inits),
            periods=periods,
            period_unit=unit,
            size=self.size,
            dims=naming.dims,
            coordinates=naming.coordinates(self.series.grid),
            standard_names=naming.standard_names,
            attributes={**naming.document, **attributes},
        )


def open_inputs(
    request: DataRequest, statistics: Statistics, *, init: Sequence[str] = (), units: Mapping[str, str] | None = None
) -> ForecastInputs:
    """Look at the data that forecasts are to be made from; nothing is fitted, and fields are read by windows.

    `init` are dates, perhaps partial (`2000-06` is every step in that month); without any it is the latest step with
    data. `units` names those that variables are converted into.

    Raises:
        CheckFailed: the statistics say nothing of where the run's data stood.
        DataError: whatever makes the data unusable or unlike the run's, a date without the history before it or
            without any value in it, an input that should be known ahead and is not.
        UsageError: a conversion of what is no variable, or into other units than the run's.
    """
    site, where = statistics.site, ", ".join(request.source)
    if site is None:
        raise CheckFailed(
            "the run's statistics.npz is of an earlier stq and says nothing of the data's grid: train anew"
        )
    if request.irregular == "index" or site.step is None:
        raise DataError("the steps of this run's data are not even (data.irregular: index): a forecast has no date")
    request = replace(request, memory="lazy", patch=None, rare=None, blocks=None)
    refuse_other_request(statistics, request)
    found = read_series(request)
    units = units or {}
    operands = operands_to_convert(found, units, site, where)
    if operands:
        found = read_series(replace(request, units=operands))
    found = converted(found, {name: unit for name, unit in units.items() if name not in found.operands}, site, where)
    refuse_other_data(statistics, found, where)
    steps, furthest = len(found.dates), max(request.horizons)
    dates = site.step.continued(found.dates, furthest)
    frames = np.concatenate([np.arange(steps), np.full(furthest, -1)])
    series = replace(
        found,
        fields=RowsKept(SparseFields(found.fields, frames)),
        dates=dates,
        times=read_times(dates, where, even=False),
    )
    inits = steps_of(init, request, series, steps, where)
    scaled = scale_fields(series.fields, statistics, series.times.months)
    channels = channels_of(request, series, scaled, statistics.scale_static(site.static))
    windows = WindowDataset(
        channels=channels,
        history=request.history,
        horizons=request.horizons,
        items=np.zeros((0, 2), dtype=np.int64),
        tiles=(),
        location=location_of(series.grid),
        weight=area_weights(series.grid, "none"),
    )
    notes = (*found.notes, *missing_notes(inits, request, series))
    horizons = tuple(request.horizons)
    return ForecastInputs(statistics, site, site.step, series, horizons, inits, windows, channels.count(), notes)


def dates_of(series: Series) -> list[cftime.datetime]:
    """The dates as one type, whatever the calendar."""
    calendar = series.times.calendar
    return [cftime.datetime(*parts, calendar=calendar) for parts in series.times.parts.tolist()]
