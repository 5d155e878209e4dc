"""Which windows there are, by arithmetic on indices alone: no array is touched.

A window issued at step t sees the inputs t - history + 1 .. t and is judged by the targets t + h, one for each horizon.
It belongs to the split that holds *all* its targets. Its inputs may reach back before that split, since they are known
when the forecast is made (unless the splits are strict); but no window of `train` may see, as input or target, a step
of another split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stq.errors import DataError

REMEDY = "give it more steps, or shorten data.history or data.horizons"


@dataclass(frozen=True)
class WindowPlan:
    """The steps at which the windows of each split are issued, and what became of every other possible window."""

    issued: Mapping[str, tuple[int, ...]]
    straddling: int
    """Windows that have a target in some split, but not all targets in one."""
    leaking: int
    """Windows of `train` that would see a step of another split, or of the gap around it, among their inputs."""
    outside: int
    """Windows without a target in any split."""
    gapped: int
    """Windows that have a target in the gap between two splits."""
    shared: int
    """Windows whose inputs are times of another split's windows, where the splits are strict."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the windows that were left out."""
        reasons = {
            "left out: the targets straddle the border of a split": self.straddling,
            "left out of train: the inputs reach into another split": self.leaking,
            "left out: no target lies in any split": self.outside,
            "left out: a target lies in the gap between two splits (data.split.gap)": self.gapped,
            "left out: the inputs reach into another split (data.split.strict)": self.shared,
        }
        return tuple(f"{_windows(count)} {reason}" for reason, count in reasons.items() if count)


def plan_windows(
    steps: int,
    history: int,
    horizons: Sequence[int],
    splits: Mapping[str, range],
    *,
    gap: int = 0,
    strict: bool = False,
) -> WindowPlan:
    """Give every possible window of a series of `steps` steps to its split, or to none.

    At least `gap` steps lie between the targets of two splits, and between any time of a training window and a target
    of another split; the later split gives them up. With `strict` that holds for all times of all windows: no time,
    inputs included, is shared between splits.

    Raises:
        DataError: the series is too short for one window, or a split holds none.
    """
    nearest, furthest = min(horizons), max(horizons)
    if steps < history + furthest:
        raise DataError(
            f"the series is too short: one window needs {history + furthest} steps "
            f"(history {history} + furthest horizon {furthest}), and there are {steps}; "
            f"shorten data.history or data.horizons",
            ("data", "horizons"),
        )
    possible = range(history - 1, steps - furthest)

    def within(span: range) -> range:
        return range(max(possible.start, span.start - nearest), min(possible.stop, span.stop - furthest))

    judged, first_input = _keep_apart(splits, gap)
    inside = {name: within(span) for name, span in splits.items()}
    apart = {name: within(span) for name, span in judged.items()}
    kept = {name: tuple(issues) for name, issues in apart.items()}
    if "train" in kept:
        others = [span for name, span in judged.items() if name != "train"]
        reaching = [range(span.start - gap, span.stop + gap + history - 1) for span in others]
        kept["train"] = tuple(t for t in kept["train"] if not any(t in seen for seen in reaching))
    leaking = sum(map(len, apart.values())) - sum(map(len, kept.values()))
    unshared = kept
    if strict:
        unshared = {name: tuple(t for t in kept[name] if t - history + 1 >= first_input[name]) for name in kept}
    for name, issues in unshared.items():
        if not issues:
            why = _without_window(name, judged[name], apart[name], history, nearest, furthest)
            if kept[name]:
                why = f"data.split: {name} holds no window whose inputs too lie in it alone (data.split.strict)"
            elif len(judged[name]) < len(splits[name]):
                why += f" (a gap of {gap} steps is kept before it)"
            raise DataError(f"{why}; {REMEDY}", ("data", "split", name))
    touching: set[int] = set()
    for span in splits.values():
        for horizon in horizons:
            touching.update(range(max(possible.start, span.start - horizon), min(possible.stop, span.stop - horizon)))
    whole = sum(map(len, inside.values()))
    return WindowPlan(
        issued=unshared,
        straddling=len(touching) - whole,
        leaking=leaking,
        outside=len(possible) - len(touching),
        gapped=whole - sum(map(len, apart.values())),
        shared=sum(map(len, kept.values())) - sum(map(len, unshared.values())),
    )


def _keep_apart(splits: Mapping[str, range], gap: int) -> tuple[dict[str, range], dict[str, int]]:
    """The steps of each split without the gap before it, and the first step after the split and the gap before it."""
    judged, first_input, free = {}, {}, 0
    for name, span in sorted(splits.items(), key=lambda item: item[1].start):
        start = min(max(span.start, free), span.stop)
        judged[name], first_input[name] = range(start, span.stop), free
        free = span.stop + gap
    return {name: judged[name] for name in splits}, first_input


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
