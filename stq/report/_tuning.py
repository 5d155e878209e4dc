"""What `stq tune` says."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from stq.report._numbers import significant
from stq.report._table import add_row, new_table, pairs

if TYPE_CHECKING:
    from stq.app import Trial, TuneResult


def trial_line(trial: "Trial", of: int) -> Text:
    """One trial, as it ends; they count from 0, as their folders do."""
    chosen = "  ".join(f"{key} {value}" for key, value in trial.settings.items())
    value = "" if trial.value is None else f"  {significant(trial.value, 4)}"
    cause = f": {trial.cause}" if trial.cause else ""
    return Text(f"{trial.run.name} of {of}  {chosen}{value}  {trial.state}{cause}")


def tuning_table(result: "TuneResult") -> Group:
    """Every trial, the best first, and what to do with it."""
    keys = list(result.trials[0].settings) if result.trials else []
    table = new_table("trial", *keys, "epochs>", "validation>", "state")
    order = {"complete": 0, "pruned": 1, "failed": 2}
    for trial in sorted(result.trials, key=lambda each: (order[each.state], each.value or 0.0, each.number)):
        values = [trial.settings.get(key, "") for key in keys]
        state = f"{trial.state}: {trial.cause}" if trial.cause else trial.state
        best = " *" if result.best is not None and trial.number == result.best.number else ""
        add_row(
            table,
            trial.run.name,
            *map(shortened, values),
            str(trial.epochs),
            significant(trial.value, 4) + best,
            state,
        )
    rows = [("trials", f"{len(result.trials)} in {result.out}")]
    if result.spec is not None:
        rows += [("best", str(result.spec)), ("next", f"stq train {result.spec}")]
    else:
        rows.append(("best", "none: no trial was completed"))
    return Group(table, Text(""), pairs(rows))


def shortened(value: str) -> str:
    """A number in as many digits as a table has room for."""
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value
