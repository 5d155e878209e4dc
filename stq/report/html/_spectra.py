"""Power spectra: is the forecast too smooth?"""

from typing import TYPE_CHECKING

from stq.report._numbers import significant
from stq.report.html._parts import Chart, Section, Table
from stq.report.html._scores import NOT_COMPUTED, Row, labelled, rows_of
from stq.report.html._style import axis, figure, hover, level_line, ordered

if TYPE_CHECKING:
    from stq.app import ReportData

TITLE = "Spectra"


def spectra(report: "ReportData") -> Section:
    """The ratio of forecast to true power by wavenumber; a sentence where it is not defined."""
    if not any("spectrum" in row for row in report.evaluation["scores"]):
        return Section("spectra", TITLE, prose=(NOT_COMPUTED,))
    charts, prose = [], []
    for name, title in labelled(report):
        rows = [row for row in rows_of(report, name) if row.get("spectrum")]
        if rows:
            charts.append(ratio_chart(title, rows))
        else:
            prose.append(f"{title}: no spectrum, for a side of the field has fewer than 8 cells.")
    if charts:
        prose.insert(
            0,
            "Power of the forecast over that of the truth: below 1, the forecast is smoother than the truth at that "
            "scale.",
        )
    return Section("spectra", TITLE, prose=tuple(prose), charts=tuple(charts))


def ratio_chart(title: str, rows: list[Row]) -> Chart:
    """A line a horizon on logarithmic axes."""
    traces, cells = [], []
    for number, row in enumerate(rows):
        found = row["spectrum"]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"horizon {row['horizon']}",
                "x": found["wavenumber"],
                "y": found["ratio"],
                "hovertemplate": hover("wavenumber %{x:g}: %{y:.3g}"),
            }
            | ordered(number, len(rows))
        )
        columns = (found["wavenumber"], found["forecast"], found["truth"], found["ratio"])
        for values in zip(*columns, strict=True):
            cells.append((str(row["horizon"]), *(significant(value) for value in values)))
    drawn = figure(
        traces,
        axis("wavenumber, cycles over the shorter side of the field", type="log", dtick="D2"),
        axis("power of forecast / truth", type="log", dtick="D2"),
        shapes=[level_line(1)],
    )
    table = Table(("horizon", "wavenumber", "power of forecast", "power of truth", "ratio"), tuple(cells))
    return Chart(f"Spectrum: {title}", f"Ratio of power of {title}, forecast over truth, by wavenumber.", drawn, table)
