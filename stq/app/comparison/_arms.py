"""The arms of a comparison: the same spec, with its losses kept apart in different ways."""

from collections.abc import Mapping
from dataclasses import dataclass

from stq.errors import UsageError, nearest

ENGINES = ("pruned", "save-restore", "joint")
SHARED = ("backbone", "central")
"""The groups that isolation keeps the losses of the bands from."""


@dataclass(frozen=True)
class Arm:
    """One way of routing; its `name` begins the names of its run folders."""

    name: str
    engine: str
    soft: float | None = None
    """The factor with which a loss that moves neither backbone nor central heads may move the backbone after all."""

    def overrides(self, updates: Mapping[str, Mapping[str, float]]) -> tuple[str, ...]:
        """What the arm changes in the spec, as `--set` arguments; `updates` holds the groups that each loss may move.

        Raises UsageError where a soft arm would change nothing.
        """
        chosen = [f"routing.engine={self.engine}"]
        if self.soft is None:
            return tuple(chosen)
        for loss, groups in updates.items():
            allowed = {group: factor for group, factor in groups.items() if factor > 0}
            if allowed and not any(group in allowed for group in SHARED):
                factors = {**allowed, SHARED[0]: self.soft}
                chosen.append(f"losses.{loss}.updates={{{', '.join(f'{g}: {f!r}' for g, f in factors.items())}}}")
        if len(chosen) == 1:
            raise UsageError(f"the arm {self.name} changes nothing: every loss of the spec moves the backbone already")
        return tuple(chosen)


def parse_arm(text: str) -> Arm:
    """`pruned`, `save-restore`, `joint`, or `soft=0.1`. Raises UsageError."""
    word, sign, number = text.strip().partition("=")
    if word == "soft":
        try:
            factor = float(number)
        except ValueError:
            factor = 0.0
        if not 0 < factor <= 1:
            raise UsageError(f"expected a soft arm as soft=A with A above 0 and at most 1, found {text!r}")
        return Arm(f"soft-{factor:g}", "pruned", factor)
    if sign or word not in ENGINES:
        known = f"there are {', '.join(ENGINES)} and soft=A, such as soft=0.1"
        raise UsageError(f"unknown arm {text!r}; {nearest(word, [*ENGINES, 'soft=0.1'], known)}")
    return Arm(word, word)


def parse_arms(texts: tuple[str, ...]) -> tuple[Arm, ...]:
    """At least two arms, each once; the first is what the others are compared with. Raises UsageError."""
    arms = tuple(parse_arm(text) for text in texts)
    names = [arm.name for arm in arms]
    if len(arms) < 2:
        raise UsageError(f"a comparison needs two arms or more, found {', '.join(names) or 'none'}")
    if len(set(names)) < len(names):
        raise UsageError(f"an arm is named twice: {', '.join(names)}")
    return arms
