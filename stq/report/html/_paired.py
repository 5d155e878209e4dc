"""Differences between runs that made the same forecasts, in pairs with the first of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from stq.report._numbers import ABSENT, aligned
from stq.report.html._parts import Chart, Section, Table
from stq.report.html._scores import labelled, rows_of
from stq.report.html._style import axis, figure, horizon_axis, hover, level_line, nth

if TYPE_CHECKING:
    from stq.app import ReportData

SCORES = ("rmse", "mae", "coverage", "width", "crps")


def comparable(reports: "Sequence[ReportData]") -> str:
    """Why the runs can't be compared in pairs; empty where they can."""
    first = reports[0]
    for other in reports[1:]:
        if other.split != first.split or other.provenance.data_sha256 != first.provenance.data_sha256:
            return "the runs were not scored on the same data"
        if (other.variables, other.horizons) != (first.variables, first.horizons):
            return "the runs forecast other variables or horizons"
        if other.errors.issued != first.errors.issued:
            return "the runs were not scored on the same issue times"
    return ""


def paired(reports: "Sequence[ReportData]", names: Sequence[str]) -> Section:
    """Change of RMSE in percent by horizon, and every score's difference in the table."""
    count = len(reports[0].errors.issued)
    prose = (
        f"Each run minus {names[0]}, on the same {count} forecasts. A point is the change of RMSE over all of them; "
        "the table adds in how many of the forecasts the run had the smaller RMSE. With so few, and alike from one to "
        "the next, a small difference means nothing: stq compare repeats training over seeds.",
    )
    charts = tuple(paired_chart(reports, names, c, name, title) for c, (name, title) in enumerate(labelled(reports[0])))
    return Section("pairs", "Paired differences", prose=prose, charts=charts)


def paired_chart(reports: "Sequence[ReportData]", names: Sequence[str], c: int, variable: str, title: str) -> Chart:
    """One variable: a line for each run but the first."""
    base = rows_of(reports[0], variable)
    horizons = [row["horizon"] for row in base]
    traces, cells = [], []
    for number, (report, name) in enumerate(zip(reports[1:], names[1:], strict=True), start=1):
        rows = rows_of(report, variable)
        changes = [change(row["rmse"], first["rmse"]) for row, first in zip(rows, base, strict=True)]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"{name} minus {names[0]}",
                "x": horizons,
                "y": changes,
                "hovertemplate": hover("horizon %{x}: %{y:+.2f} %"),
            }
            | nth(number)
        )
        columns = [differences([row.get(key) for row in rows], [row.get(key) for row in base]) for key in SCORES]
        for h, horizon in enumerate(horizons):
            better = wins(report, reports[0], h, c)
            moved = changes[h]
            told = ABSENT if moved is None else f"{moved:+.2f} %"
            cells.append((name, str(horizon), told, *(column[h] for column in columns), better))
    drawn = figure(traces, horizon_axis(horizons), axis("change of RMSE, %"), shapes=[level_line(0)])
    drawn["layout"]["showlegend"] = True
    head = ("run", "horizon", "RMSE, %", *(f"{key}, difference" for key in SCORES), "smaller RMSE in")
    alt = f"Change of RMSE of {title} by horizon against {names[0]}; below 0 is better."
    return Chart(f"Change of RMSE: {title}", alt, drawn, Table(head, tuple(cells)))


def change(here: float, first: float) -> float | None:
    """In percent; None from an error of nothing."""
    return 100 * (here / first - 1) if first > 0 else None


def differences(here: Sequence[float | None], first: Sequence[float | None]) -> list[str]:
    """Signed, with digits of a common length."""
    found = [None if a is None or b is None else a - b for a, b in zip(here, first, strict=True)]
    return [
        text if value is None or value < 0 else f"+{text}" for value, text in zip(found, aligned(found), strict=True)
    ]


def wins(here: "ReportData", first: "ReportData", h: int, c: int) -> str:
    """In how many of the forecasts that both have the error is smaller."""
    ours, theirs = here.errors.rmse[:, h, c], first.errors.rmse[:, h, c]
    both = np.isfinite(ours) & np.isfinite(theirs)
    return f"{int((ours < theirs)[both].sum())} of {int(both.sum())}" if both.any() else ABSENT
