"""Every score of the forecast and of its baselines, by variable and horizon, as a table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stq.report._numbers import ABSENT, aligned, share
from stq.report.html._parts import Table
from stq.report.html._scores import Row, baselines_of, labelled, rmse_of, rows_of, words

if TYPE_CHECKING:
    from stq.app import ReportData

NUMBERS = (
    ("rmse", "RMSE"),
    ("mae", "MAE"),
    ("bias", "bias"),
    ("crps", "CRPS"),
    ("interval_score", "interval score"),
    ("width", "band width"),
)
SHARES = (("coverage", "coverage"), ("acc", "anomaly correlation"), ("ssim", "SSIM"))


def all_scores(report: "ReportData") -> Table:
    """A row for the forecast and for each baseline, at each horizon; columns without any value are left out."""
    rows: list[tuple[str, str, str, Mapping[str, Any]]] = []
    for name, title in labelled(report):
        for row in rows_of(report, name):
            rows.append((title, str(row["horizon"]), "forecast", row))
            rows += [(title, str(row["horizon"]), words(b), baseline_scores(row, b)) for b in baselines_of([row])]
    columns = ["variable", "horizon", "of"]
    cells = [[row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]]
    for key, head in (*NUMBERS, *SHARES):
        values = [row[3].get(key) for row in rows]
        if any(value is not None for value in values):
            columns.append(head)
            cells.append(shares(values) if (key, head) in SHARES else by_variable(rows, values))
    return Table(tuple(columns), tuple(zip(*cells, strict=True)))


def baseline_scores(row: Row, baseline: str) -> Mapping[str, Any]:
    """What is known of one baseline at one horizon."""
    found = (row.get("baselines") or {}).get(baseline) or {}
    return {**found, "rmse": rmse_of(row, baseline)}


def by_variable(rows: list[tuple[str, str, str, Mapping[str, Any]]], values: list[float | None]) -> list[str]:
    """Digits that suit the units: the same for all rows of a variable."""
    texts = [""] * len(rows)
    for title in dict.fromkeys(row[0] for row in rows):
        places = [place for place, row in enumerate(rows) if row[0] == title]
        for place, text in zip(places, aligned([values[place] for place in places]), strict=True):
            texts[place] = text
    return texts


def shares(values: list[float | None]) -> list[str]:
    """Numbers between 0 and 1, more or less."""
    return [ABSENT if value is None else share(value) for value in values]
