"""What a search found."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stq.errors import CheckFailed

State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class Trial:
    """One run of a search. `value` is the least of what training monitors, None where no epoch ended; `settings` are
    by key, as `--set` takes them; `cause` says why it failed."""

    number: int
    state: State
    value: float | None
    settings: Mapping[str, str]
    run: Path
    epochs: int
    cause: str = ""

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return vars(self) | {"run": str(self.run), "settings": dict(self.settings)}


@dataclass(frozen=True)
class TuneResult:
    """All trials in their order. `spec` is the best of them as a spec to train, None where none was completed."""

    out: Path
    trials: tuple[Trial, ...]
    best: Trial | None
    spec: Path | None

    @property
    def exit_code(self) -> int:
        """Not 0 where no trial was completed."""
        return CheckFailed.exit_code if self.best is None else 0

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "out": str(self.out),
            "trials": [trial.to_dict() for trial in self.trials],
            "best": None if self.best is None else self.best.to_dict(),
            "spec": None if self.spec is None else str(self.spec),
        }
