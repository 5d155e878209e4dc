"""The gradient audit: losses by groups, the verdict written in each cell."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stq.report._numbers import ABSENT, significant
from stq.report.html._parts import Chart, Section, Table
from stq.report.html._style import axis, figure, hover

if TYPE_CHECKING:
    from stq.app import ReportData

VERDICTS = {
    "ok": ("#8FD3BE", "the loss is allowed there, and its gradient arrives"),
    "blocked": ("#B9DDF3", "the loss has a gradient there, and the routing removed it"),
    "none": ("#F0F0F0", "the loss does not depend on that group"),
    "leak": ("#F0A878", "a gradient arrived where it is not allowed"),
    "dead": ("#F7D38A", "allowed there, and no gradient"),
    "starved": ("#F5EC9A", "the group receives nothing"),
    "nonfinite": ("#E3BFD3", "a gradient is not finite"),
}
"""Paler kin of the colours of Okabe and Ito, on which black text can be read; what each verdict means."""


def audit(report: "ReportData") -> Section:
    """A heat map of verdicts, the norms in the cells, modules and conflicts behind it."""
    found = report.audit
    if found is None:
        return Section("gradients", "Gradient audit", prose=("This run holds no gradient audit.",))
    seen = [name for name in VERDICTS if any(cell["verdict"] == name for cell in found["matrix"])]
    prose = (
        "Measured on the first training step, on a real batch: the norm of each loss's gradient in each parameter "
        "group, and what the routing let through. " + "; ".join(f"{name}: {VERDICTS[name][1]}" for name in seen) + ".",
    )
    tables = []
    if found.get("conflicts"):
        rows = tuple((c["group"], " and ".join(c["losses"]), f"{c['cosine']:+.2f}") for c in found["conflicts"])
        tables.append(
            ("Cosine between the gradients of two losses (-1 a fight)", Table(("group", "losses", "cosine"), rows))
        )
    if found.get("modules"):
        tables.append(("Gradient norms by module", modules(found)))
    return Section(
        "gradients",
        "Gradient audit",
        prose=prose,
        charts=(heat_map(found),),
        tables=tuple(tables),
        notes=tuple(found["problems"]),
    )


def heat_map(found: Mapping[str, Any]) -> Chart:
    """Discrete colours: a cell is one of seven verdicts, none of which is more than another."""
    cells = {(cell["loss"], cell["group"]): cell for cell in found["matrix"]}
    losses = list(dict.fromkeys(cell["loss"] for cell in found["matrix"]))
    groups = list(found["groups"])
    names = list(VERDICTS)
    codes = [[code(cells.get((loss, group)), names) for group in groups] for loss in losses]
    texts = [[cell_text(cells.get((loss, group))) for group in groups] for loss in losses]
    scale = []
    for number, name in enumerate(names):
        scale += [[number / len(names), VERDICTS[name][0]], [(number + 1) / len(names), VERDICTS[name][0]]]
    trace = {
        "type": "heatmap",
        "x": [f"{group}\n{found['groups'][group]['elements']:,} parameters" for group in groups],
        "y": losses,
        "z": codes,
        "zmin": -0.5,
        "zmax": len(names) - 0.5,
        "colorscale": scale,
        "showscale": False,
        "xgap": 3,
        "ygap": 3,
        "text": texts,
        "texttemplate": "%{text}",
        "textfont": {"color": "#111"},
        "hovertemplate": hover("%{y} in %{x}: %{text}"),
    }
    drawn = figure(
        [trace], axis("parameter group", type="category"), axis("loss", type="category", autorange="reversed")
    )
    rows = tuple(
        (
            cell["loss"],
            cell["group"],
            cell["verdict"],
            significant(cell["raw_norm"]),
            significant(cell["applied_norm"]),
            significant(cell["allowed"]),
        )
        for cell in found["matrix"]
    )
    table = Table(("loss", "group", "verdict", "norm there", "norm let through", "allowed"), rows)
    alt = f"Losses by parameter groups, the verdict of each pair; {found['verdict']} as a whole."
    return Chart("What each loss may move, and what reached it", alt, drawn, table, 90 + 64 * len(losses), wide=True)


def code(cell: Mapping[str, Any] | None, names: list[str]) -> int | None:
    """The verdict's place among the colours."""
    return None if cell is None or cell["verdict"] not in names else names.index(cell["verdict"])


def cell_text(cell: Mapping[str, Any] | None) -> str:
    """Verdict and norm; of a blocked gradient, from what to what."""
    if cell is None:
        return ""
    raw, applied = significant(cell["raw_norm"], 2), significant(cell["applied_norm"], 2)
    if cell["verdict"] == "none":
        return "none"
    return f"{cell['verdict']}\n{raw}" if raw == applied else f"{cell['verdict']}\n{raw} → {applied}"


def modules(found: Mapping[str, Any]) -> Table:
    """The norm of each loss in each module, and of what arrived in all."""
    losses = list(dict.fromkeys(cell["loss"] for cell in found["matrix"]))
    rows = tuple(
        (
            row["module"],
            row["group"] or ABSENT,
            *(significant(row["norms"].get(loss, 0.0), 2) for loss in losses),
            significant(row["total"], 2),
        )
        for row in found["modules"]
    )
    return Table(("module", "group", *losses, "total"), rows)
