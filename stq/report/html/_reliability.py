"""Reliability by level, and the histogram of the probability integral transform."""

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from stq.report._numbers import share
from stq.report.html._parts import Chart, Section, Table
from stq.report.html._scores import NOT_COMPUTED, Row, labelled, rows_of
from stq.report.html._style import GREY, axis, figure, hover, level_line, ordered

if TYPE_CHECKING:
    from stq.app import ReportData

NO_LEVELS = "The run has no quantile levels."


def reliability(report: "ReportData") -> Section:
    """The share of truth at or below each level, against the level."""
    note = (
        "On the dashed diagonal, the share of truth below a quantile is what its level says; above it, the quantile "
        "lies too high."
    )
    return by_variable(report, "reliability", "Reliability", note, reliability_chart)


def pit(report: "ReportData") -> Section:
    """Where in the forecast distribution the truth falls."""
    note = (
        "Where the truth falls between the quantiles. A flat line at 1 is right; a hollow middle means bands too "
        "narrow, a hump bands too wide, a slope a bias."
    )
    return by_variable(report, "pit", "PIT histogram", note, pit_chart)


def by_variable(
    report: "ReportData", key: str, title: str, note: str, draw: Callable[[str, list[Row]], Chart]
) -> Section:
    """A chart for each variable whose rows have `key`; a sentence where there is nothing to draw."""
    if not report.levels:
        return Section(key, title, prose=(NO_LEVELS,))
    drawn = []
    for name, text in labelled(report):
        rows = [row for row in rows_of(report, name) if row.get(key)]
        if rows:
            drawn.append(draw(text, rows))
    if not drawn:
        return Section(key, title, prose=(NOT_COMPUTED,))
    return Section(key, title, prose=(note,), charts=tuple(drawn))


def reliability_chart(title: str, rows: list[Row]) -> Chart:
    """A line a horizon, calibrated; the levels before calibration in the table."""
    traces, cells = [], []
    for number, row in enumerate(rows):
        levels = [float(level) for level in row["reliability"]]
        shares = list(row["reliability"].values())
        raw = row.get("reliability_raw") or {}
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"horizon {row['horizon']}",
                "x": levels,
                "y": shares,
                "hovertemplate": hover("level %{x:g}: %{y:.3f}"),
            }
            | ordered(number, len(rows))
        )
        for level, found in row["reliability"].items():
            cells.append((str(row["horizon"]), level, share(raw.get(level)), share(found)))
    diagonal = {
        "type": "line",
        "layer": "below",
        "x0": 0,
        "y0": 0,
        "x1": 1,
        "y1": 1,
        "line": {"color": GREY, "dash": "dash"},
    }
    ends = [-0.02, 1.02]
    drawn = figure(traces, axis("level", range=ends), axis("share of truth at or below", range=ends), shapes=[diagonal])
    table = Table(("horizon", "level", "before calibration", "share at or below"), tuple(cells))
    alt = f"Reliability of {title}: share of truth at or below each level, by horizon, against the diagonal."
    return Chart(f"Reliability: {title}", alt, drawn, table, 360)


def pit_chart(title: str, rows: list[Row]) -> Chart:
    """Density relative to uniform between neighbouring levels, a stepped line a horizon."""
    traces, cells = [], []
    for number, row in enumerate(rows):
        edges, shares = row["pit"]["edges"], row["pit"]["share"]
        density = [part / (high - low) for part, (low, high) in zip(shares, pairwise(edges), strict=True)]
        look = ordered(number, len(rows))
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"horizon {row['horizon']}",
                "x": edges,
                "y": [*density, density[-1]],
                "line": look["line"] | {"shape": "hv"},
                "hovertemplate": hover("from %{x:g}: %{y:.2f}"),
            }
        )
        for part, value, (low, high) in zip(shares, density, pairwise(edges), strict=True):
            cells.append((str(row["horizon"]), f"{low:g} to {high:g}", share(part), f"{value:.2f}"))
    drawn = figure(
        traces,
        axis("probability integral transform", range=[-0.02, 1.02]),
        axis("density, 1 = as claimed", rangemode="tozero"),
        shapes=[level_line(1)],
    )
    table = Table(("horizon", "between levels", "share of truth", "density"), tuple(cells))
    return Chart(f"PIT: {title}", f"Histogram of where the truth of {title} falls between the quantiles.", drawn, table)
