"""What a comparison found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from stq.app._finite import finite
from stq.app.comparison._paired import CONFIDENCE, Verdict, smallest_p

DECIDED = ("lower", "higher", "within noise")
"""Verdicts with an interval."""


@dataclass(frozen=True)
class ComparedRun:
    """One run of a comparison and how it came to be there.

    `status`: adopted, resumed, trained, or failed; of a dry run finished, unfinished or new. `error` and `exit_code`
    say why it failed. Epochs count from 1.
    """

    arm: str
    seed: int
    origin: str | None
    run: Path
    status: str
    epochs: int = 0
    best_epoch: int = 0
    error: str = ""
    exit_code: int = 0

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return asdict(self) | {"run": str(self.run)}


@dataclass(frozen=True)
class Difference:
    """An arm minus the first arm, paired by seed, in one figure.

    `variable` and `horizon` are None for the mean over all of them, `origin` for the mean over all origins. `first`
    and `other` are the means over seeds of what is compared, None where they would mix variables; `differences` go by
    `seeds` and are in `unit`: % of the first arm's, points (percentage points), or epochs. The rest is as in `Paired`.
    """

    arm: str
    figure: str
    title: str
    unit: str
    origin: str | None
    variable: str | None
    horizon: int | None
    first: float | None
    other: float | None
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    mean: float
    low: float | None
    high: float | None
    p: float | None
    verdict: Verdict

    @property
    def overall(self) -> bool:
        """Whether it stands for all variables and horizons, and all origins."""
        return self.variable is None and self.origin is None


@dataclass(frozen=True)
class ComparisonResult:
    """Every run, every paired difference, and what to have in mind. Empty `differences` after a dry run."""

    name: str
    out: Path
    split: str
    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    origins: tuple[str, ...]
    dry_run: bool
    runs: tuple[ComparedRun, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0, or that of the worst failure."""
        return max((run.exit_code for run in self.runs), default=0)

    @property
    def failures(self) -> tuple[ComparedRun, ...]:
        """The runs that are missing in the differences."""
        return tuple(run for run in self.runs if run.status == "failed")

    @property
    def decided(self) -> tuple[Difference, ...]:
        """The rows that have an interval."""
        return tuple(row for row in self.differences if row.verdict in DECIDED)

    @property
    def outside(self) -> tuple[Difference, ...]:
        """Those whose interval leaves out 0."""
        return tuple(row for row in self.decided if row.verdict != "within noise")

    @property
    def by_chance(self) -> float:
        """How many rows would be expected outside though nothing differed."""
        return (1 - CONFIDENCE) * len(self.decided)

    @property
    def pairs(self) -> int:
        """The seeds that both arms of every row have, at least."""
        return min((len(row.seeds) for row in self.differences), default=0)

    @property
    def smallest_p(self) -> float | None:
        """The least that a permutation p can be with so few pairs."""
        return smallest_p(self.pairs) if self.pairs else None

    def to_dict(self) -> object:
        """Ready for JSON."""
        return finite(
            {
                "name": self.name,
                "out": str(self.out),
                "split": self.split,
                "first": self.arms[0],
                "arms": list(self.arms),
                "seeds": list(self.seeds),
                "origins": list(self.origins),
                "dry_run": self.dry_run,
                "runs": [run.to_dict() for run in self.runs],
                "differences": [asdict(row) for row in self.differences],
                "confidence": CONFIDENCE,
                "smallest_p": self.smallest_p,
                "rows": {"with_interval": len(self.decided), "outside": len(self.outside), "by_chance": self.by_chance},
                "notes": list(self.notes),
            }
        )


@dataclass(frozen=True)
class Measured:
    """What a finished run is compared by: figures by variable and horizon, and the quantile loss of each epoch."""

    figures: Mapping[str, Mapping[tuple[str, int], float]]
    curve: tuple[float, ...]


Key = tuple[str | None, str, int]
"""Origin, arm, seed."""


def both(measured: Mapping[Key, Measured], origins: Sequence[str | None], arms: tuple[str, str]) -> tuple[int, ...]:
    """The seeds that both arms have, for every one of these origins, in order."""
    seeds = dict.fromkeys(seed for _, _, seed in measured)
    return tuple(s for s in seeds if all((origin, arm, s) in measured for origin in origins for arm in arms))
