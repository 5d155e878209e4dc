"""Which windows there are, by arithmetic on indices alone: no array is touched.

A window issued at step t sees the inputs t - history + 1 .. t and is judged by the targets t + h, one for each horizon.
It belongs to the split that holds *all* its targets. Its inputs may reach back before that split, since they are known
when the forecast is made; but no window of `train` may see, as input or target, a step of another split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stq.errors import DataError


@dataclass(frozen=True)
class WindowPlan:
    """The steps at which the windows of each split are issued, and what became of every other possible window."""

    issued: Mapping[str, tuple[int, ...]]
    straddling: int
    """Windows that have a target in some split, but not all targets in one."""
    leaking: int
    """Windows of `train` that would see a step of another split among their inputs."""
    outside: int
    """Windows without a target in any split."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the windows that were left out."""
        found = []
        if self.straddling:
            found.append(f"{_windows(self.straddling)} left out: the targets straddle the border of a split")
        if self.leaking:
            found.append(f"{_windows(self.leaking)} left out of train: the inputs reach into another split")
        if self.outside:
            found.append(f"{_windows(self.outside)} left out: no target lies in any split")
        return tuple(found)


def plan_windows(steps: int, history: int, horizons: Sequence[int], splits: Mapping[str, range]) -> WindowPlan:
    """Give every possible window of a series of `steps` steps to its split, or to none.

    Raises:
        DataError: the series is too short for one window, or a split holds none.
    """
    nearest, furthest = min(horizons), max(horizons)
    if steps < history + furthest:
        raise DataError(
            f"the series is too short: one window needs {history + furthest} steps "
            f"(history {history} + furthest horizon {furthest}), and there are {steps}"
        )
    possible = range(history - 1, steps - furthest)
    inside = {
        name: range(max(possible.start, span.start - nearest), min(possible.stop, span.stop - furthest))
        for name, span in splits.items()
    }
    kept = {name: tuple(issues) for name, issues in inside.items()}
    if "train" in kept:
        reaching = [range(span.start, span.stop + history - 1) for name, span in splits.items() if name != "train"]
        kept["train"] = tuple(t for t in kept["train"] if not any(t in seen for seen in reaching))
    for name, issues in kept.items():
        if not issues:
            raise DataError(_without_window(name, splits[name], inside[name], history, nearest, furthest))
    touching: set[int] = set()
    for span in splits.values():
        for horizon in horizons:
            touching.update(range(max(possible.start, span.start - horizon), min(possible.stop, span.stop - horizon)))
    whole = sum(len(issues) for issues in inside.values())
    return WindowPlan(
        issued=kept,
        straddling=len(touching) - whole,
        leaking=whole - sum(len(issues) for issues in kept.values()),
        outside=len(possible) - len(touching),
    )


def _without_window(name: str, span: range, inside: range, history: int, nearest: int, furthest: int) -> str:
    head = f"data.split: {name} holds no window: "
    targets = furthest - nearest + 1
    if inside:
        return head + f"the inputs (history {history}) of every one would reach into another split"
    if len(span) < targets:
        return (
            head + f"the targets of one span {targets} steps (horizons {nearest} to {furthest}), and it has {len(span)}"
        )
    first = history - 1 + nearest
    usable = max(0, span.stop - max(span.start, first))
    return head + (
        f"the first target can stand at step {first + 1} of the series (history {history}, nearest horizon {nearest}) "
        f"and the targets of one window span {targets} steps; it has {usable} from there on"
    )


def _windows(count: int) -> str:
    return f"{count} window" if count == 1 else f"{count} windows"
