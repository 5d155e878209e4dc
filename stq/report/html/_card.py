"""The data card: splits on a time line, missing values, notes."""

from typing import TYPE_CHECKING

from stq.report._numbers import ABSENT, count, percent
from stq.report.html._parts import Chart, Section, Table
from stq.report.html._scores import listed
from stq.report.html._style import BLUE, CYCLE, axis, figure, hover, label

if TYPE_CHECKING:
    from stq.app import DataCard, ReportData

TICKS = 6


def card(report: "ReportData") -> Section:
    """What the run was trained and judged on."""
    found = report.card
    rows, columns = found.size
    known = "latitude and longitude known" if found.geographic else "no latitude and longitude"
    grid = f"{rows} x {columns} cells (rows x columns), {known}"
    ahead = f"{'horizon' if len(found.horizons) == 1 else 'horizons'} {listed(found.horizons)}"
    prose = [
        f"{listed([source.rsplit('/', 1)[-1] for source in found.source])}: {count(len(found.times))} steps from "
        f"{found.times[0]} to {found.times[-1]}, {grid}. Each forecast sees {found.history} "
        f"{'step' if found.history == 1 else 'steps'}; {ahead}."
    ]
    if found.static:
        prose.append(f"Maps constant in time: {listed(found.static)}.")
    charts = [time_line(found)]
    if any(part.overall for part in found.missing):
        charts.append(missing_chart(found))
    else:
        prose.append("No value of any moving variable is missing.")
    if found.steps_looked_at < len(found.times):
        prose.append(f"Missing values are counted over {count(found.steps_looked_at)} steps, chosen evenly.")
    return Section("data", "Data card", prose=tuple(prose), charts=tuple(charts), notes=found.notes)


def time_line(found: "DataCard") -> Chart:
    """A bar for each split, over the steps of its targets; gaps between bars are steps without a target."""
    traces = []
    for number, span in enumerate(found.spans):
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": span.name,
                "y": [f"{span.name}\n{span.windows} {'forecast' if span.windows == 1 else 'forecasts'}"],
                "base": [span.first_step],
                "x": [span.last_step - span.first_step + 1],
                "marker": {"color": CYCLE[number % len(CYCLE)]},
                "hovertemplate": hover(f"{span.first} to {span.last}"),
            }
        )
    last = len(found.times) - 1
    places = sorted({round(last * part / (TICKS - 1)) for part in range(TICKS)})
    ticks = {
        "tickvals": places,
        "ticktext": [found.times[place].partition("T")[0] for place in places],
        "ticklabeloverflow": "allow",
    }
    drawn = figure(
        traces,
        axis("date of the targets", range=[-0.5, last + 1.5], **ticks),
        axis("split", type="category", autorange="reversed", showgrid=False),
        showlegend=False,
    )
    rows = tuple((span.name, span.first, span.last, count(span.windows)) for span in found.spans)
    table = Table(("split", "first target", "last target", "forecasts"), rows)
    alt = "Splits on a time line: " + "; ".join(f"{span.name} {span.first} to {span.last}" for span in found.spans)
    return Chart("Splits in time", alt + ".", drawn, table, 110 + 44 * len(found.spans))


def missing_chart(found: "DataCard") -> Chart:
    """The share of cells missing of each moving variable."""
    names = [f"{label(part.variable, part.units)}\n({part.role})" for part in found.missing]
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": names,
        "x": [part.overall for part in found.missing],
        "text": [percent(part.overall) for part in found.missing],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": BLUE},
        "hovertemplate": hover("%{y}: %{x:.2%}"),
    }
    most = max(part.overall for part in found.missing)
    drawn = figure(
        [trace],
        axis("share of cells missing", range=[0, min(1.0, 1.25 * most)], tickformat=".3~%"),
        axis("variable", type="category", autorange="reversed", showgrid=False),
    )
    splits = [span.name for span in found.spans]
    rows = tuple(
        (
            part.variable,
            part.role,
            percent(part.overall),
            *(percent(part.by_split[s]) if s in part.by_split else ABSENT for s in splits),
        )
        for part in found.missing
    )
    table = Table(("variable", "role", "whole series", *splits), rows)
    return Chart("Missing values", "Share of cells missing by variable.", drawn, table, 120 + 40 * len(found.missing))
