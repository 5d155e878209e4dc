"""What every table of scores has in common."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from rich.text import Text

from stq.report._numbers import ABSENT

if TYPE_CHECKING:
    from stq.metrics import Score


@runtime_checkable
class Row(Protocol):
    """A row of scores: it is of a variable, in its units."""

    @property
    def variable(self) -> str:
        """Its name."""

    @property
    def units(self) -> str:
        """Empty where it has none."""


S = TypeVar("S", bound=Row)


def by_variable(scores: Sequence[S]) -> list[list[S]]:
    """The rows of each variable, which share their digits."""
    return [list(rows) for _, rows in groupby(scores, key=lambda score: score.variable)]


def baseline_names(scores: "Sequence[Score]") -> list[str]:
    """Every baseline, in the order of the scores."""
    return max((list(score.baselines) for score in scores), key=len, default=[])


def label(score: Row) -> str:
    """The variable with its units."""
    return f"{score.variable}, {score.units}" if score.units else score.variable


def skill(value: float | None) -> Text:
    """A skill with its sign, green where the forecast is better than the baseline."""
    if value is None:
        return Text(ABSENT)
    return Text(f"{value:+.2f}", style="green" if value > 0 else "red")
