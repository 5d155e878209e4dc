"""From files of gridded data over time to windows of tensors, and from normalised values back to units.

`build_data` reads the variables (`Series`), finds which steps belong to which split, plans every window by arithmetic
on indices alone (`plan_windows`), fits what normalisation needs on the training part (`Statistics`) and hands out
`ForecastData`: a `WindowDataset` for each split, whose items are finite everywhere and carry a mask of what is known,
the forecasts of persistence and climatology, and `to_units`, the one crossing from normalised values to units.

This package is the only home of xarray, and the only one that knows of files, calendars, grids and missing values.
"""

from stq.data._anomalies import Anomalies, anomalies_of
from stq.data._blend import blend
from stq.data._build_data import build_data
from stq.data._builtin_readers import stq_readers
from stq.data._derived import Derived, Mask, UnknownVariable, derive
from stq.data._forecast_data import ForecastData
from stq.data._forecast_file import ForecastFile, forecast_file, refuse_taken
from stq.data._forecast_inputs import ForecastInputs, open_inputs
from stq.data._forecast_layout import Coordinate, ForecastLayout
from stq.data._grid import Grid
from stq.data._inspect import Inspection, inspect_sources
from stq.data._open_source import open_source
from stq.data._pack import pack_data
from stq.data._packed_store import PackedStore, open_store
from stq.data._read_zarr import ZarrReader
from stq.data._reader import Reader
from stq.data._regular_time import RegularTime
from stq.data._request import Blocks, DataRequest, Rare, RegularStep, StaticMap
from stq.data._seams import Seams
from stq.data._series import Series, read_series
from stq.data._source_file import Reading, SourceFile
from stq.data._sources import READERS, list_sources
from stq.data._splits import resolve_splits
from stq.data._statistics import Statistics
from stq.data._strata_map import StrataMap, read_strata
from stq.data._time_axis import TimeAxis
from stq.data._time_summary import TimeSummary
from stq.data._variable_summary import VariableSummary
from stq.data._window_dataset import WindowDataset
from stq.data._windows import WindowPlan, plan_windows
from stq.data._year_before import YearBefore

__all__ = [
    "READERS",
    "Anomalies",
    "Blocks",
    "Coordinate",
    "DataRequest",
    "Derived",
    "ForecastData",
    "ForecastFile",
    "ForecastInputs",
    "ForecastLayout",
    "Grid",
    "Inspection",
    "Mask",
    "PackedStore",
    "Rare",
    "Reader",
    "Reading",
    "RegularStep",
    "RegularTime",
    "Seams",
    "Series",
    "SourceFile",
    "StaticMap",
    "Statistics",
    "StrataMap",
    "TimeAxis",
    "TimeSummary",
    "UnknownVariable",
    "VariableSummary",
    "WindowDataset",
    "WindowPlan",
    "YearBefore",
    "ZarrReader",
    "anomalies_of",
    "blend",
    "build_data",
    "derive",
    "forecast_file",
    "inspect_sources",
    "list_sources",
    "open_inputs",
    "open_source",
    "open_store",
    "pack_data",
    "plan_windows",
    "read_series",
    "read_strata",
    "refuse_taken",
    "resolve_splits",
    "stq_readers",
]
