"""From files of gridded data over time to windows of tensors, and from normalised values back to units.

`build_data` reads the variables (`Series`), finds which steps belong to which split, plans every window by arithmetic
on indices alone (`plan_windows`), fits what normalisation needs on the training part (`Statistics`) and hands out
`ForecastData`: a `WindowDataset` for each split, whose items are finite everywhere and carry a mask of what is known,
the forecasts of persistence and climatology, and `to_units`, the one crossing from normalised values to units.

This package is the only home of xarray, and the only one that knows of files, calendars, grids and missing values.

Where things live, from the file to the window and back:

- what is asked for: `_request`; what is found out before that, for `stq data inspect`: `_inspect`, `_time_summary`,
  `_variable_summary`
- files: `_sources` (which there are), `_source_file`, `_file_dates`, `_open_source`; `_reader` and one module for each
  kind (`_read_netcdf`, `_read_zarr` with `_zarr_stores`, `_read_geotiff`, `_read_numpy`, `_builtin_readers`),
  `_cf_dataset`
- what is in them: `_axes`, `_grid`, `_naming`, `_variable`, `_units`; computed from it: `_derived`, `_arithmetic`
- dates: `_time_axis`, `_time_step`, `_even_steps`, `_regular_time` (of files without any), `_clock`, `_seconds`,
  `_calendar`
- the series: `_part` (of one file), `_series`, `_static`, `_strata_map`, `_coarsen`, `_scan`, `_fingerprint`
- numbers by step, wherever they lie: `_field_store`, `_file_fields`, `_packed_fields`, `_rows_kept`; packed: `_pack`,
  `_write_store`, `_packed_store`, `_store_format`
- what is fitted: `_fit`, `_variable_fit`, `_climatology`, `_target_range`, `_transform`, `_statistics`,
  `_statistics_file`, `_site`; whether other data is of that kind: `_match`
- which windows: `_splits`, `_windows`, `_areas`, `_tiles`, `_known_targets`, `_training_items`
- a window as tensors: `_scaled`, `_channels`, `_window_parts`, `_window_dataset`, `_patient_reading`, `_in_units`,
  `_area_weights`
- all of it together: `_build_data`, `_forecast_data`; for baselines: `_anomalies`, `_year_before`
- forecasts into files: `_forecast_inputs`, `_inits`, `_blend` and `_seams` (tiles), `_forecast_layout`,
  `_forecast_file`, `_forecast_netcdf`, `_forecast_zarr`, `_forecast_geotiff`, `_forecast_seal`
"""

from stq.data._anomalies import Anomalies, anomalies_of
from stq.data._blend import blend
from stq.data._build_data import build_data
from stq.data._builtin_readers import stq_readers
from stq.data._derived import Derived, Mask, UnknownVariable, derive
from stq.data._forecast_data import ForecastData
from stq.data._forecast_file import FORMATS as FORECAST_FORMATS
from stq.data._forecast_file import ForecastFile, forecast_file, refuse_taken
from stq.data._forecast_inputs import ForecastInputs, open_inputs
from stq.data._forecast_layout import Coordinate, ForecastLayout
from stq.data._forecast_seal import check_seal
from stq.data._grid import Grid
from stq.data._inspect import Inspection, inspect_sources
from stq.data._open_source import open_source
from stq.data._pack import pack_data
from stq.data._packed_store import PackedStore, is_store, open_store
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
    "FORECAST_FORMATS",
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
    "check_seal",
    "derive",
    "forecast_file",
    "inspect_sources",
    "is_store",
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
