"""What a file of forecasts holds, whatever its format: dimensions, coordinates and fields with their attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cftime
import numpy as np

from stq.errors import UsageError

CONVENTIONS = "CF-1.11"


@dataclass(frozen=True, eq=False)
class Coordinate:
    """A coordinate of the source that comes along unchanged: its dimensions, values and attributes."""

    dims: tuple[str, ...]
    values: np.ndarray
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FileVariable:
    """One variable of the file: with `values` a coordinate, without them a field that is written bit by bit."""

    name: str
    dims: tuple[str, ...]
    attributes: Mapping[str, object]
    values: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class ForecastLayout:
    """Forecasts of C variables from I initial times, H horizons ahead, with Q quantile levels (perhaps none).

    `valid_times` has, for each initial time, the date that each horizon is for; `periods` the distance to it, as a
    number of `period_unit` (steps where a step is a calendar month, which has no one length). `dims` are the source's
    own names of rows and columns.
    """

    variables: tuple[str, ...]
    units: tuple[str, ...]
    horizons: tuple[int, ...]
    levels: tuple[float, ...]
    init_times: tuple[cftime.datetime, ...]
    valid_times: tuple[tuple[cftime.datetime, ...], ...]
    periods: tuple[float, ...]
    period_unit: str
    size: tuple[int, int]
    dims: tuple[str, str] = ("y", "x")
    coordinates: Mapping[str, Coordinate] = field(default_factory=dict)
    standard_names: Mapping[str, str] = field(default_factory=dict)
    """What the source says that a variable is, in the words of CF: so is its forecast."""
    attributes: Mapping[str, str] = field(default_factory=dict)

    def sizes(self) -> dict[str, int]:
        """Length of every dimension."""
        sizes = {"init_time": len(self.init_times), "lead_time": len(self.horizons)}
        if self.levels:
            sizes["quantile"] = len(self.levels)
        return sizes | dict(zip(self.dims, self.size, strict=True))

    def file_variables(self) -> list[FileVariable]:
        """Coordinates first, then a field for each variable and one for its quantiles.

        Raises UsageError where two things in the file would have one name.
        """
        found = [*self._times(), *self._coordinates(), *self._fields()]
        names = [variable.name for variable in found]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UsageError(f"the file of forecasts would hold {', '.join(twice)} twice: rename it in the source")
        return found

    def _times(self) -> list[FileVariable]:
        init, attributes = encoded(self.init_times)
        valid, valid_attributes = encoded([date for row in self.valid_times for date in row])
        valid = valid.reshape(len(self.init_times), len(self.horizons))
        period = np.array(self.periods, dtype=np.float64)
        reference = {"standard_name": "forecast_reference_time", "long_name": "time of the last input", **attributes}
        ahead = {"long_name": "steps ahead of the last input", "units": "1"}
        distance = {"standard_name": "forecast_period", "units": self.period_unit}
        if self.period_unit == "1":
            period = period.astype(np.int64)
            distance["long_name"] = "calendar months ahead of the last input"
        times = [
            FileVariable("init_time", ("init_time",), reference, init),
            FileVariable("lead_time", ("lead_time",), ahead, np.array(self.horizons, dtype=np.int64)),
            FileVariable("forecast_reference_time", ("init_time",), reference, init),
            FileVariable("forecast_period", ("lead_time",), distance, period),
            FileVariable(
                "valid_time",
                ("init_time", "lead_time"),
                {"standard_name": "time", "long_name": "time that the forecast is for", **valid_attributes},
                valid,
            ),
        ]
        if self.levels:
            level = {"long_name": "quantile level", "units": "1"}
            times.append(FileVariable("quantile", ("quantile",), level, np.array(self.levels, dtype=np.float64)))
        return times

    def _coordinates(self) -> list[FileVariable]:
        return [FileVariable(name, c.dims, c.attributes, c.values) for name, c in self.coordinates.items()]

    def _fields(self) -> list[FileVariable]:
        further = [name for name, c in self.coordinates.items() if (name,) != c.dims and c.dims]
        known = " ".join(["forecast_reference_time", "forecast_period", "valid_time", *further])
        mappings = [name for name, c in self.coordinates.items() if not c.dims]
        mapping = {"grid_mapping": mappings[0]} if mappings else {}
        fields = []
        for name, unit in zip(self.variables, self.units, strict=True):
            meaning = {"standard_name": self.standard_names[name]} if name in self.standard_names else {}
            common = {"coordinates": known} | ({"units": unit} if unit else {}) | meaning | mapping
            text = {"long_name": f"central forecast of {name}"}
            fields.append(FileVariable(name, ("init_time", "lead_time", *self.dims), text | common))
            if self.levels:
                text = {"long_name": f"quantiles of the forecast of {name}"}
                dims = ("init_time", "lead_time", "quantile", *self.dims)
                fields.append(FileVariable(f"{name}_quantile", dims, text | common))
        return fields


def encoded(dates: "list[cftime.datetime] | tuple[cftime.datetime, ...]") -> tuple[np.ndarray, dict[str, object]]:
    """Dates as whole days, or else seconds, since 1970 in their own calendar, and the attributes that say so."""
    calendar = dates[0].calendar
    midnight = all((date.hour, date.minute, date.second) == (0, 0, 0) for date in dates)
    units = "days since 1970-01-01" if midnight else "seconds since 1970-01-01 00:00:00"
    numbers = np.asarray(cftime.date2num(list(dates), units, calendar), dtype=np.int64)
    return numbers, {"units": units, "calendar": calendar}
