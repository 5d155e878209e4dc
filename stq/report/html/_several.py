"""Several runs: their curves overlaid, and their differences in pairs by variable and horizon."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stq.report._numbers import aligned, share, significant
from stq.report.html._paired import comparable, paired
from stq.report.html._parts import Chart, Finding, Section, Table
from stq.report.html._scores import Row, error_bars, interval95, labelled, rows_of
from stq.report.html._style import BLACK, axis, figure, horizon_axis, level_line, nth
from stq.report.html._verdict import audit_finding, skill_finding

if TYPE_CHECKING:
    from stq.app import ReportData


def comparison(reports: "Sequence[ReportData]", names: Sequence[str]) -> list[Section]:
    """Verdict by run, overlaid scores and curves, and the paired differences to the first run."""
    findings = []
    for name, report in zip(names, reports, strict=True):
        for variable, title in labelled(report):
            found = skill_finding(title, rows_of(report, variable))
            findings.append(Finding(found.kind, found.word, f"{name}: {found.text}"))
        found = audit_finding(report)
        findings.append(Finding(found.kind, found.word, f"{name}: {found.text}"))
    prose = ("Each run has a report of its own with its maps, its bands and its gradients: stq report RUN.",)
    problem = comparable(reports)
    sections = [Section("verdict", "Verdict", tuple(findings), prose)]
    sections.append(overlaid_scores(reports, names))
    sections.append(overlaid_training(reports, names))
    if problem:
        sections.append(Section("pairs", "Paired differences", prose=(f"Not drawn: {problem}.",)))
    else:
        sections.append(paired(reports, names))
    return sections


def overlaid_scores(reports: "Sequence[ReportData]", names: Sequence[str]) -> Section:
    """RMSE and coverage by horizon, a line a run, for every variable of any run."""
    charts = []
    titles = dict(pair for report in reports for pair in labelled(report))
    for variable, title in titles.items():
        having = [(name, rows_of(report, variable)) for name, report in zip(names, reports, strict=True)]
        having = [(name, rows) for name, rows in having if rows]
        units = having[0][1][0]["units"]
        charts.append(overlay(f"RMSE: {title}", f"RMSE, {units}" if units else "RMSE", "rmse", having))
        if any(row["coverage"] is not None for _, rows in having for row in rows):
            charts.append(overlay(f"Coverage: {title}", "share of truth within the band", "coverage", having))
    return Section("scores", "Scores", charts=tuple(charts))


def overlay(title: str, axis_title: str, key: str, having: Sequence[tuple[str, list[Row]]]) -> Chart:
    """One score by horizon, a line a run."""
    traces, cells = [], []
    for number, (name, rows) in enumerate(having):
        rows = [row for row in rows if row[key] is not None]
        values = [row[key] for row in rows]
        bars = error_bars(values, [interval95(row, key) for row in rows])
        traces.append(scatter(name, [row["horizon"] for row in rows], values) | nth(number) | bars)
        texts = [share(value) for value in values] if key == "coverage" else aligned(values)
        cells += [(name, str(row["horizon"]), text) for row, text in zip(rows, texts, strict=True)]
    horizons = sorted({row["horizon"] for _, rows in having for row in rows})
    claims = {row["intervals"][0]["expected"] for _, rows in having for row in rows if row["intervals"]}
    shapes = [level_line(claim, colour=BLACK) for claim in sorted(claims)] if key == "coverage" else []
    drawn = figure(traces, horizon_axis(horizons), axis(axis_title), shapes=shapes)
    return Chart(
        title, f"{title} by horizon, a line a run.", drawn, Table(("run", "horizon", axis_title), tuple(cells))
    )


def overlaid_training(reports: "Sequence[ReportData]", names: Sequence[str]) -> Section:
    """The central validation error and every validation loss by epoch, a line a run."""
    having = [(name, report.curves) for name, report in zip(names, reports, strict=True) if report.curves is not None]
    if not having:
        return Section("training", "Training", prose=("No run has recorded an epoch.",))
    series: dict[str, list[tuple[str, Sequence[int], Sequence[float | None]]]] = {}
    for name, curves in having:
        series.setdefault("central error", []).append((name, curves.epochs, curves.val_central))
        for loss in curves.losses:
            series.setdefault(loss.name, []).append((name, curves.epochs, loss.val))
    charts = []
    for what, lines in series.items():
        traces = [
            scatter(name, epochs, values) | nth(number) | {"mode": "lines" if len(epochs) > 1 else "markers"}
            for number, (name, epochs, values) in enumerate(lines)
        ]
        cells = [
            (name, str(epoch), significant(value, 4))
            for name, epochs, values in lines
            for epoch, value in zip(epochs, values, strict=True)
        ]
        title = f"Validation: {what}"
        drawn = figure(traces, axis("epoch"), axis(f"{what}, normalised units"))
        charts.append(
            Chart(
                title,
                f"{what} on validation by epoch, a line a run.",
                drawn,
                Table(("run", "epoch", what), tuple(cells)),
            )
        )
    return Section("training", "Training", prose=("Losses on the validation part, unweighted.",), charts=tuple(charts))


def scatter(name: str, x: Sequence[Any], y: Sequence[Any]) -> dict[str, Any]:
    """Points joined by a line."""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": list(x),
        "y": list(y),
        "hovertemplate": "%{x}: %{y:.4g}",
    }
