"""Coverage of the outermost band before and after calibration, its claim, and what chance allows."""

from typing import TYPE_CHECKING

from stq.report._numbers import ABSENT, aligned, percent, share
from stq.report.html._parts import Chart, Section, Table
from stq.report.html._scores import Row, error_bars, interval95, labelled, rows_of
from stq.report.html._style import BLACK, BLUE, VERMILION, axis, figure, horizon_axis, hover, span_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from stq.app import ReportData

TITLE = "Coverage"
ROOM = 0.08
"""How far beyond the data the axis goes to show the range of chance."""


def coverage(report: "ReportData") -> Section:
    """A chart a variable; every pair of levels in the table."""
    if not report.levels:
        return Section(
            "coverage", TITLE, prose=("The run has no quantile levels (quantiles: null): there is no band.",)
        )
    if report.band is None:
        return Section(
            "coverage", TITLE, prose=("No two of the levels lie on both sides of the median: there is no band.",)
        )
    claim = report.band[1] - report.band[0]
    chance = next((row for row in report.evaluation["chance"] if abs(row["expected"] - claim) < 1e-9), None)
    prose = [
        f"The band between the levels {report.band[0]:g} and {report.band[1]:g} claims to hold {percent(claim)} of the "
        "truth."
    ]
    if not report.evaluation["calibrated"]:
        prose.append("The run has no calibration: only the coverage of the bands as the network gives them is shown.")
    if chance is not None:
        frames = f"{chance['calibration_frames']} frames and scored on {chance['scored_frames']}"
        prose.append(
            f"Shaded: the coverage to expect by chance (19 in 20) of a band calibrated on {frames}, "
            f"{share(chance['low'])} to {share(chance['high'])}; it may reach beyond the axis. Frames "
            "count, not cells, for the cells of a frame are alike."
        )
    charts = tuple(coverage_chart(report, title, rows_of(report, name), chance) for name, title in labelled(report))
    notes = tuple(note for note in report.evaluation["notes"] if note not in report.card.notes)
    return Section("coverage", TITLE, prose=tuple(prose), charts=charts, notes=notes)


def coverage_chart(report: "ReportData", title: str, rows: list[Row], chance: "Mapping[str, Any] | None") -> Chart:
    """Before in vermilion, after in blue, the claim dashed, chance shaded."""
    horizons = [row["horizon"] for row in rows]
    claim = rows[0]["intervals"][0]["expected"]
    calibrated = report.evaluation["calibrated"]
    after = "calibrated" if calibrated else "as the network gives it"
    parts = [("coverage_raw", "before calibration", VERMILION, "square-open")] if calibrated else []
    parts.append(("coverage", after, BLUE, "circle"))
    traces = []
    for key, name, colour, symbol in parts:
        values = [row[key] for row in rows]
        bars = error_bars(values, [interval95(row, key) for row in rows])
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": horizons,
                "y": values,
                "line": {"color": colour, "width": 2},
                "marker": {"color": colour, "symbol": symbol, "size": 9},
                "hovertemplate": hover("horizon %{x}: %{y:.3f}"),
            }
            | bars
        )
    axis_of_horizons = horizon_axis(horizons)
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"claimed, {percent(claim)}",
            "x": axis_of_horizons["range"],
            "y": [claim, claim],
            "line": {"color": BLACK, "width": 1.5, "dash": "dash"},
            "hoverinfo": "skip",
        }
    )
    low, high = span_of([value for trace in traces for value in trace["y"]])
    shapes = []
    if chance is not None:
        shapes.append(shaded(chance["low"], chance["high"]))
        low, high = max(min(low, chance["low"]), low - ROOM), min(max(high, chance["high"]), high + ROOM)
    look = axis("share of truth within the band", range=[low, min(high, 1.01)])
    drawn = figure(traces, axis_of_horizons, look, shapes=shapes)
    alt = f"Coverage of {title} by horizon against the claim of {percent(claim)}."
    return Chart(f"Coverage: {title}", alt, drawn, coverage_table(rows, calibrated=calibrated))


def shaded(low: float, high: float) -> dict[str, object]:
    """A band across the chart."""
    return {
        "type": "rect",
        "layer": "below",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": low,
        "y1": high,
        "fillcolor": "#56B4E9",
        "opacity": 0.22,
        "line": {"width": 0},
    }


def coverage_table(rows: list[Row], *, calibrated: bool) -> Table:
    """Every pair of levels at every horizon."""
    cells = []
    widths = aligned([interval["width"] for row in rows for interval in row["intervals"]])
    flat = [(row, interval) for row in rows for interval in row["intervals"]]
    for (row, interval), width in zip(flat, widths, strict=True):
        before = share(interval["coverage_raw"]) if calibrated else ABSENT
        cells.append(
            (
                str(row["horizon"]),
                f"{interval['lower']:g} to {interval['upper']:g}",
                percent(interval["expected"]),
                before,
                share(interval["coverage"]),
                width,
            )
        )
    head = (
        "horizon",
        "levels",
        "claimed",
        "before calibration",
        "calibrated" if calibrated else "coverage",
        "mean width",
    )
    return Table(head, tuple(cells))
