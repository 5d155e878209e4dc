"""What `stq compare` found: in tables for a terminal, in words, and as Markdown."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from stq.report._numbers import ABSENT, significant
from stq.report._table import add_row, new_table, titled

if TYPE_CHECKING:
    from stq.app import ComparisonResult, Difference

HEADERS = {
    "rmse": "RMSE\n%",
    "coverage_raw": "coverage\nraw, pt",
    "coverage_error_raw": "off claim\nraw, pt",
    "coverage_error": "off claim\ncal., pt",
    "crps": "CRPS\n%",
    "pinball": "pinball\n%",
    "width_raw": "width\nraw, %",
    "width": "width\ncal., %",
}
"""Columns of the table by variable and horizon."""
DECIMALS = {"%": 2, "points": 2, "epochs": 1}
FEW = 6
"""Pairs with which the permutation p can first fall below 0.05."""
OUTSIDE = "*"
"""Marks a difference whose interval leaves out 0."""

Table = tuple[str, list[str], list[list[str]]]
"""A title, the header and the rows; numbers stand in columns whose header ends in `>`."""


def comparison_tables(result: "ComparisonResult") -> Group:
    """Overall differences in words, all of them by variable and horizon, and how to read them; or the plan."""
    parts: list[RenderableType] = []
    if result.dry_run:
        parts.append(drawn(plan_of(result)))
    for failure in result.failures:
        parts.append(Text(f"failed: {failure.run}: {failure.error}", style="red"))
    parts += [drawn(table) for table in tables_of(result)]
    parts += [Text(sentence) for sentence in sentences(result)]
    return Group(*parts)


def comparison_markdown(result: "ComparisonResult") -> str:
    """The same tables and sentences as Markdown."""
    blocks = []
    for title, header, rows in tables_of(result):
        names = [name.replace("\n", " ").removesuffix(">") for name in header]
        rule = ["---:" if name.endswith(">") else "---" for name in header]
        lines = ["| " + " | ".join(cells) + " |" for cells in (names, rule, *rows)]
        blocks.append(f"{title}\n\n" + "\n".join(lines))
    blocks.append("\n".join(f"- {sentence}" for sentence in sentences(result)))
    return "\n\n".join(blocks) + "\n"


def tables_of(result: "ComparisonResult") -> list[Table]:
    """For each arm and, where there are several, each origin: what holds overall; then by variable and horizon."""
    found = []
    for arm in result.arms[1:]:
        for origin in dict.fromkeys(row.origin for row in result.differences if row.arm == arm):
            rows = [row for row in result.differences if (row.arm, row.origin) == (arm, origin)]
            where = f", training until {origin}" if origin else ""
            found += [overall(result, arm, rows, where), by_place(arm, rows, result.arms[0], where)]
    return found


def overall(result: "ComparisonResult", arm: str, rows: "Sequence[Difference]", where: str) -> Table:
    """One row a figure: the mean over variables and horizons."""
    first = result.arms[0]
    header = ["figure", f"{first}>", f"{arm}>", f"{arm} minus {first} [95 % interval]", "p>"]
    cells = [
        [
            row.title,
            value_in_words(row, row.first),
            value_in_words(row, row.other),
            difference_in_words(row),
            significant(row.p, 2),
        ]
        for row in rows
        if row.variable is None
    ]
    return f"{arm} against {first} on {result.split}, {seeds_in_words(rows)}{where}: overall", header, cells


def by_place(arm: str, rows: "Sequence[Difference]", first: str, where: str) -> Table:
    """One row a variable and horizon, one column a figure: mean differences."""
    placed = [row for row in rows if row.variable is not None]
    figures = [name for name in HEADERS if any(row.figure == name for row in placed)]
    cells: dict[tuple[str | None, int | None], dict[str, str]] = defaultdict(dict)
    for row in placed:
        mark = OUTSIDE if row.verdict in ("lower", "higher") else " "
        cells[row.variable, row.horizon][row.figure] = signed(row.mean, row.unit) + mark
    title = f"{arm} minus {first}{where}, by variable and horizon; {OUTSIDE} outside noise"
    header = ["variable", "horizon>", *(f"{HEADERS[name]}>" for name in figures)]
    return (
        title,
        header,
        [
            [str(variable), str(horizon), *(found.get(name, ABSENT) for name in figures)]
            for (variable, horizon), found in cells.items()
        ],
    )


def plan_of(result: "ComparisonResult") -> Table:
    """What would be done to each run."""
    todo = {"finished": "take as it is", "unfinished": "go on", "new": "train"}
    rows = [[str(run.run), str(run.epochs), todo[run.status]] for run in result.runs]
    return f"{len(rows)} runs", ["run", "epochs>", "to do"], rows


def difference_in_words(row: "Difference") -> str:
    """The difference and what it is worth."""
    unit = {"epochs": " epochs", "points": " points"}.get(row.unit, f" {row.unit}")
    mean = signed(row.mean, row.unit)
    if row.verdict == "identical":
        return "identical in every seed"
    if row.low is None or row.high is None:
        return f"{mean}{unit} in " + ("one seed" if len(row.seeds) == 1 else "every seed") + ": no interval"
    interval = f"[{signed(row.low, row.unit)}, {signed(row.high, row.unit)}]"
    if row.verdict == "within noise":
        return f"within noise: {mean}{unit} {interval}"
    return f"{row.verdict} by {mean.lstrip('+-')}{unit} {interval}"


def sentences(result: "ComparisonResult") -> list[str]:
    """What to have in mind when reading the numbers."""
    texts = []
    if result.differences:
        first, few = result.arms[0], result.pairs < FEW
        texts.append(
            f"Differences are arm minus {first}, paired by seed; % is of {first}, points are percentage points. The "
            f"interval is Student's over seeds: within noise means that it holds 0. It tells nothing of other data."
        )
        texts.append(
            f"p is the exact sign-flip permutation p; with {result.pairs} seeds it can't be below "
            f"{significant(result.smallest_p, 2)}"
            + (": too few to bear out any interval, which rests on normal differences." if few else ".")
        )
        texts.append(
            f"{len(result.outside)} of {len(result.decided)} rows lie outside noise; if nothing differed at all, about "
            f"{result.by_chance:.1f} would by chance (rows of one run are not independent)."
        )
    missing = len(result.failures)
    if missing:
        texts.append(f"{missing} of {len(result.runs)} runs failed and are left out, with their pairs.")
    return texts + [f"Note: {note}." for note in result.notes]


def drawn(table: Table) -> RenderableType:
    """The table for a terminal."""
    title, header, rows = table
    grid = new_table(*header)
    for row in rows:
        add_row(grid, *row)
    return titled(title, grid)


def seeds_in_words(rows: "Sequence[Difference]") -> str:
    """The seeds of the first row; all rows of an arm have the same but where a run has no bands."""
    seeds = rows[0].seeds
    return f"{len(seeds)} seeds ({', '.join(map(str, seeds))})" if len(seeds) > 1 else f"one seed ({seeds[0]})"


def signed(number: float, unit: str) -> str:
    """With its sign, and as many decimals as mean something."""
    return f"{number:+.{DECIMALS[unit]}f}"


def value_in_words(row: "Difference", number: float | None) -> str:
    """What the arm itself comes to: a share in percent, epochs, or in units of the data."""
    if number is None:
        return ABSENT
    if row.unit == "points":
        return f"{100 * number:.2f} %"
    return f"{number:.1f}" if row.unit == "epochs" else significant(number, 4)
