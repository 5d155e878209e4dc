"""The course of training: what the checkpoint is chosen by, the losses by where they are routed, the learning rate."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from stq.report._numbers import ABSENT, aligned, significant
from stq.report.html._parts import Chart, Figure, Section, Table
from stq.report.html._scores import listed
from stq.report.html._style import BLUE, CYCLE, GREY, axis, figure, hover, level_line

if TYPE_CHECKING:
    from stq.app import LearningCurves, ReportData

Values = Sequence[float | None]


def curves(report: "ReportData") -> Section:
    """A chart for the central error, one for the losses of each route, one for the learning rate."""
    found = report.curves
    if found is None:
        return Section("training", "Training", prose=("No epoch of training is recorded in this run.",))
    epochs = "1 epoch" if len(found.epochs) == 1 else f"{len(found.epochs)} epochs"
    best = "" if found.best_epoch is None else f"; the best checkpoint is of epoch {found.best_epoch} (dashed line)"
    prose = (
        f"{epochs}{best}. It is chosen by the validation error of the central forecast alone. Losses are means over an "
        "epoch, unweighted, in normalised units; training losses are taken with dropout, validation losses without.",
    )
    charts = [central_chart(found)]
    for groups, losses in groupby(sorted(found.losses, key=lambda loss: loss.groups), key=lambda loss: loss.groups):
        charts.append(losses_chart(found, groups, list(losses)))
    charts.append(rate_chart(found))
    return Section("training", "Training", prose=prose, charts=tuple(charts))


def central_chart(found: "LearningCurves") -> Chart:
    """The validation error that decides."""
    traces = [line(found, "validation", found.val_central, BLUE, "solid")]
    table = Table(("epoch", "central validation error"), columns(found, found.val_central))
    alt = "Validation error of the central forecast by epoch; the best epoch is marked."
    return Chart("Central validation error", alt, marked(found, traces, "mean squared error, normalised"), table)


def losses_chart(found: "LearningCurves", groups: tuple[str, ...], losses: list[Any]) -> Chart:
    """Losses that reach the same groups, training dotted and validation solid."""
    traces, names, values = [], ["epoch"], []
    for number, loss in enumerate(losses):
        for part, series, dash in (("train", loss.train, "dot"), ("val", loss.val, "solid")):
            if any(value is not None for value in series):
                traces.append(line(found, f"{loss.name}, {part}", series, CYCLE[number % len(CYCLE)], dash))
                names.append(f"{loss.name}, {part}")
                values.append(series)
    route = f"routed to {listed(groups)}" if groups else "routes unknown"
    title = f"Losses {route}"
    alt = f"{listed([loss.name for loss in losses])} by epoch, training and validation, {route}."
    drawn = marked(found, traces, "loss, normalised units")
    drawn["layout"]["showlegend"] = True
    return Chart(title, alt, drawn, Table(tuple(names), columns(found, *values)))


def rate_chart(found: "LearningCurves") -> Chart:
    """The learning rate at the end of each epoch."""
    traces = [line(found, "learning rate", found.learning_rates, BLUE, "solid")]
    table = Table(("epoch", "learning rate"), columns(found, found.learning_rates))
    alt = "Learning rate of the first parameter group by epoch."
    drawn = marked(found, traces, "learning rate")
    drawn["layout"]["yaxis"] |= {"rangemode": "tozero", "exponentformat": "power"}
    return Chart("Learning rate of the first parameter group", alt, drawn, table)


def line(found: "LearningCurves", name: str, values: Values, colour: str, dash: str) -> dict[str, Any]:
    """One curve; a single epoch is a point."""
    return {
        "type": "scatter",
        "mode": "lines" if len(found.epochs) > 1 else "markers",
        "name": name,
        "x": list(found.epochs),
        "y": list(values),
        "line": {"color": colour, "dash": dash, "width": 1.5 if dash == "dot" else 2},
        "marker": {"color": colour, "symbol": "circle-open" if dash == "dot" else "circle", "size": 8},
        "hovertemplate": hover("epoch %{x}: %{y:.4g}"),
    }


def marked(found: "LearningCurves", traces: list[dict[str, Any]], title: str) -> Figure:
    """The best epoch marked; a logarithmic axis where values lie more than a factor of twenty apart."""
    values = [value for trace in traces for value in trace["y"] if value is not None]
    logarithmic = bool(values) and min(values) > 0 and max(values) / min(values) > 20
    shapes = [] if found.best_epoch is None else [level_line(found.best_epoch, axis_name="x", colour=GREY)]
    settings = {"type": "log", "dtick": 1} if logarithmic else {}
    return figure(traces, axis("epoch"), axis(title, **settings), shapes=shapes)


def columns(found: "LearningCurves", *series: Values) -> tuple[tuple[str, ...], ...]:
    """Table rows, an epoch each."""
    texts = [
        aligned(list(values), 4) if any(v is not None for v in values) else [ABSENT] * len(values) for values in series
    ]
    rates = [
        [significant(v) for v in values] if values is found.learning_rates else text
        for values, text in zip(series, texts, strict=True)
    ]
    return tuple(zip((str(epoch) for epoch in found.epochs), *rates, strict=True))
