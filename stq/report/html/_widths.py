"""Width against error: does a wider band mean a larger error?"""

from typing import TYPE_CHECKING

from stq.report._numbers import aligned, count, percent
from stq.report.html._parts import Chart, Section, Table
from stq.report.html._scores import labelled
from stq.report.html._style import BLACK, axis, figure, hover, label, ordered

if TYPE_CHECKING:
    from stq.app import ReportData, WidthCurve

TITLE = "Width against error"


def widths(report: "ReportData") -> Section:
    """A chart a variable, a line a horizon, ten bins of about equal numbers of cells."""
    if report.band is None:
        return Section("widths", TITLE, prose=("The run has no band.",))
    prose = [
        "Cells in bins by the width of their band, from the narrowest tenth to the widest: a line that rises means "
        "that the band knows where the errors are large. Dashed: the RMSE of normal errors with bands as wide as these."
    ]
    charts = []
    for name, title in labelled(report):
        curves = [curve for curve in report.widths if curve.variable == name and len(curve.bins) > 1]
        if curves:
            charts.append(width_chart(report, title, curves))
        else:
            prose.append(f"{title}: the width is the same everywhere.")
    return Section("widths", TITLE, prose=tuple(prose), charts=tuple(charts))


def width_chart(report: "ReportData", title: str, curves: "list[WidthCurve]") -> Chart:
    """RMSE by mean width of each bin."""
    traces, cells = [], []
    for number, curve in enumerate(curves):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"horizon {curve.horizon}",
                "x": [part.width for part in curve.bins],
                "y": [part.rmse for part in curve.bins],
                "hovertemplate": hover("width %{x:.4g}: RMSE %{y:.4g}"),
            }
            | ordered(number, len(curves))
        )
        numbers = aligned([value for part in curve.bins for value in (part.width, part.rmse, part.normal_rmse)])
        for place, part in enumerate(curve.bins):
            cells.append((str(curve.horizon), count(part.cells), *numbers[3 * place : 3 * place + 3]))
    ends = sorted((part.width, part.normal_rmse) for curve in curves for part in curve.bins)
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": "normal errors",
            "x": [ends[0][0], ends[-1][0]],
            "y": [ends[0][1], ends[-1][1]],
            "line": {"color": BLACK, "dash": "dash", "width": 1.5},
            "hoverinfo": "skip",
        }
    )
    units = curves[0].units
    assert report.band is not None  # for the type checker: there are widths
    claim = percent(report.band[1] - report.band[0])
    drawn = figure(
        traces,
        axis(label(f"mean width of the {claim} band", units)),
        axis(label("RMSE", units), rangemode="tozero"),
    )
    table = Table(("horizon", "cells", "mean width", "RMSE", "RMSE of normal errors"), tuple(cells))
    return Chart(f"Width against error: {title}", f"RMSE of {title} against the width of the band.", drawn, table)
