"""The runs in a folder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from stq.report._numbers import share
from stq.report._table import add_row, new_table

if TYPE_CHECKING:
    from stq.app import KeptScores, RunCard


NOTE = (
    "skill over persistence and coverage: means over variables and horizons of the test part, as `stq eval RUN` found "
    "them; stale: of another checkpoint or calibration than the run has now"
)


def run_table(cards: "Sequence[RunCard]") -> RenderableType:
    """One line a run: what it is, how far it came, its best validation error, and its scores on the test part."""
    if not cards:
        return Text("no runs")
    table = new_table("run", "seed>", "engine", "epochs>", "best>", "val_central>", "skill>", "coverage>", "state")
    for card in cards:
        state = Text(f"damaged: {card.cause}", style="red") if card.cause else Text(card.status)
        add_row(
            table,
            str(card.run),
            "" if card.seed is None else str(card.seed),
            card.engine,
            str(card.epochs) if card.epochs else "",
            "" if card.best is None else str(card.best),
            "" if card.val_central is None else f"{card.val_central:.4g}",
            *scores_of(card.scores.get("test")),
            state,
        )
    return Group(table, Text(), Text(NOTE, style="dim")) if any("test" in card.scores for card in cards) else table


def scores_of(scores: "KeptScores | None") -> tuple[Text, Text]:
    """The skill and the coverage, or why there is none."""
    if scores is None:
        return Text(""), Text("")
    if scores.state != "current":
        return Text(scores.state, style="yellow"), Text("")
    skill = "" if scores.skill_persistence is None else f"{scores.skill_persistence:.3f}"
    claimed = "" if scores.expected is None else f" of {scores.expected:g}"
    return Text(skill), Text("" if scores.coverage is None else f"{share(scores.coverage)}{claimed}")
