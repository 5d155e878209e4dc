"""The scores that `stq eval --strata` adds: those of each month, season or stratum."""

from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from stq.report._numbers import aligned, count, share
from stq.report._score_rows import by_variable, label, skill
from stq.report._table import add_row, new_table, titled

if TYPE_CHECKING:
    from stq.app import EvaluateResult

HINT = "The spec asks for none: --set evaluation.periods=season, or strata: NAME in the spec."


def strata_tables(result: "EvaluateResult") -> list[RenderableType]:
    """A table for each kind of stratum, or how to get one."""
    if not result.strata:
        return [titled("Scores by stratum", Text(HINT))]
    tables: list[RenderableType] = []
    for kind, found in groupby(result.strata, key=lambda row: row.kind):
        table = new_table(
            "variable, units", f"{kind}>", "horizon>", "frames>", "n>", "RMSE>", "bias>",
            "skill over\npersist.>", "skill over\nclimat.>", "coverage>",
        )  # fmt: skip
        for rows in by_variable(list(found)):
            errors, biases = aligned([row.rmse for row in rows]), aligned([row.bias for row in rows], 2)
            for row, rmse, bias in zip(rows, errors, biases, strict=True):
                cells = [row.name, str(row.horizon), count(row.frames), count(row.n), rmse, bias]
                skills = skill(row.skill_persistence), skill(row.skill_climatology)
                add_row(table, label(row), *cells, *skills, share(row.coverage))
            table.add_section()
        tables.append(titled(f"Scores by {kind}", table))
    return tables
