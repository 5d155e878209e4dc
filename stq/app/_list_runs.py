"""The runs in a folder, each in a line."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stq.app._kept_scores import KeptScores, kept_scores
from stq.app._run_contents import refuse_ways_out
from stq.app._run_folder import RunFolder
from stq.errors import StqError, UsageError
from stq.files import PART


@dataclass(frozen=True)
class RunCard:
    """One run. `status` is `trained`, `not finished` or `damaged`, and `cause` says why in the last case.

    `val_central` is the least validation error of the central forecast, in normalised units; it compares runs of the
    same data and targets only. `epochs` counts those that ended, `best` is the one that the weights come from. `scores`
    are what `stq eval` found, by split.
    """

    run: Path
    status: str
    name: str = ""
    seed: int | None = None
    engine: str = ""
    started: str = ""
    epochs: int = 0
    best: int | None = None
    val_central: float | None = None
    calibrated: bool = False
    scores: Mapping[str, KeptScores] = field(default_factory=dict)
    cause: str = ""

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return vars(self) | {
            "run": str(self.run),
            "scores": {split: vars(scores) for split, scores in self.scores.items()},
        }


def list_runs(folder: Path = Path("runs")) -> tuple[RunCard, ...]:
    """Every run in or below `folder`, the earliest first; damaged ones are in the list too.

    Raises UsageError where there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder}; `stq train` makes runs in ./runs unless --run-dir says otherwise"
        )
    found = [resolved.parent for resolved in folder.rglob("resolved.yaml")]
    cards = [_card(RunFolder(run)) for run in found if PART not in run.name]
    return tuple(sorted(cards, key=lambda card: (card.started, str(card.run))))


def _card(run: RunFolder) -> RunCard:
    try:
        refuse_ways_out(run.path)
        spec = run.load_spec().spec
        environment = run.read_environment()
        rows = list(csv.DictReader(io.StringIO(run.read_text(run.metrics)))) if run.metrics.is_file() else []
        best = min(rows, key=lambda row: float(row["val_central"]), default=None)
        return RunCard(
            run=run.path,
            status="trained" if run.outcome.is_file() else "not finished",
            name=spec.name,
            seed=spec.seed,
            engine=spec.routing.engine,
            started=str(environment.get("started", "")),
            epochs=len(rows),
            best=int(best["epoch"]) if best else None,
            val_central=float(best["val_central"]) if best else None,
            calibrated=run.calibration.is_file(),
            scores=kept_scores(run),
        )
    except (StqError, ValueError, KeyError, TypeError, csv.Error) as error:
        return RunCard(run.path, "damaged", cause=str(error).partition("\n")[0])
