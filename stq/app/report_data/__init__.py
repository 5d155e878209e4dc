"""What `stq report` says, as values; `stq.report.html` makes the page of it.

`_report_data` are the values. `_collect` gathers them from the folder of a run and one pass over a split: `_card` the
data and how the run was made, `_curves` the course of training, `_maps` some forecasts, `_widths` width against error.
"""

from stq.app.report_data._collect import collect_report
from stq.app.report_data._report_data import (
    DataCard,
    LearningCurves,
    MapAxes,
    MapCase,
    Maps,
    Provenance,
    ReportData,
    VariableMaps,
    WidthCurve,
)

__all__ = [
    "DataCard",
    "LearningCurves",
    "MapAxes",
    "MapCase",
    "Maps",
    "Provenance",
    "ReportData",
    "VariableMaps",
    "WidthCurve",
    "collect_report",
]
