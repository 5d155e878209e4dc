"""What `stq data inspect` and `stq init` say."""

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from stq.report._document import json_text
from stq.report._numbers import significant
from stq.report._table import add_row, new_table, pairs, titled

if TYPE_CHECKING:
    from stq.app import InitResult, InspectResult, SchemaResult


def inspection_tables(result: "InspectResult") -> Group:
    """Dimensions and dates, one row for each variable, and the fragment of a spec to paste."""
    found = result.inspection
    table = new_table("variable", "dimensions", "units", "missing>", "minimum>", "maximum>", "remark")
    for each in found.variables:
        low, high = (None if value is None else significant(value) for value in (each.minimum, each.maximum))
        missing = f"{each.missing:.2%}" if each.seen else "-"
        remark = each.problem or (f"{each.seen / each.cells:.1%} looked at" if each.seen < each.cells else "")
        add_row(table, each.name, ", ".join(each.dims), each.units or "-", missing, low or "-", high or "-", remark)
    parts: list[RenderableType] = [pairs(_figures(result)), Text(""), titled("Variables", table)]
    if found.moving:
        parts.append(titled("To paste into a spec", Text(spec_fragment(result))))
    return Group(*parts, *(Text(f"note: {note}") for note in result.notes))


def _figures(result: "InspectResult") -> list[tuple[str, str | Text]]:
    found = result.inspection
    files = "" if found.files == 1 else f" and {found.files - 1} more"
    rows: list[tuple[str, str | Text]] = [("file", found.path + files), ("read as", found.reader)]
    rows.append(("dimensions", ", ".join(f"{name} {size}" for name, size in found.dims.items())))
    rows.append(("axes", ", ".join(f"{role}: {name}" for role, name in found.axes.items()) or "not found"))
    if found.latitude and found.longitude:
        (south, north), (west, east) = found.latitude, found.longitude
        rows.append(("latitude", f"{significant(south)} to {significant(north)}"))
        rows.append(("longitude", f"{significant(west)} to {significant(east)}"))
    if found.time is None:
        rows.append(("dates", "none"))
    else:
        rows.append(("dates", f"{found.time.first} to {found.time.last}, {found.time.count} steps"))
        rows.append(("step", found.time.step or "not even"))
        rows.append(("calendar", found.time.calendar))
    return rows


def spec_fragment(result: "InspectResult") -> str:
    """The data section as YAML; texts are quoted where YAML would read something else."""
    lines = ["data:"]
    for key, value in result.data.items():
        inner = " ".join(json_text(value).split())
        lines.append(f"  {key}: {inner.replace('[ ', '[').replace(' ]', ']').replace('{ ', '{').replace(' }', '}')}")
    return "\n".join(lines)


def schema_summary(result: "SchemaResult") -> Group:
    """Where the schema lies, and how an editor finds it."""
    name = "" if result.output is None else result.output.name
    lines = [
        f"wrote {result.output}",
        f"a spec beside it is checked by editors where it begins with # yaml-language-server: $schema={name}",
        *(f"note: {note}" for note in result.notes),
    ]
    return Group(*map(Text, lines))


def init_summary(result: "InitResult") -> Group:
    """Where the spec lies and what comes next."""
    lines = [
        f"wrote {result.spec}: it forecasts {', '.join(result.targets)}",
        f"wrote {result.schema}: what editors read to complete and check it",
        f"next: stq check {result.spec}",
    ]
    return Group(*(Text(line) for line in lines), *(Text(f"note: {note}") for note in result.notes))
