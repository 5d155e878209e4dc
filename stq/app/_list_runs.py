"""The runs in a folder, each in a line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stq.app._epochs import read_epochs
from stq.app._kept_scores import KeptScores, kept_scores
from stq.app._run_contents import refuse_ways_out
from stq.app._run_folder import RunFolder
from stq.errors import StqError, UsageError
from stq.files import PART


@dataclass(frozen=True)
class RunCard:
    """One run. `status` is `trained`, `not finished` or `damaged`, and `cause` says why in the last case.

    `epochs` counts those that ended, `best` is the one that the weights come from, and `val_central` the validation
    error of the central forecast after it, in normalised units, which compares runs of the same data and targets only.
    `scores` are what `stq eval` found, by split.
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
    # `rglob` fails where a folder goes meanwhile, as those do in which a training writes.
    found = [Path(place) for place, _, names in os.walk(folder) if "resolved.yaml" in names]
    cards = [_card(RunFolder(run)) for run in found if PART not in run.name]
    return tuple(sorted(cards, key=lambda card: (card.started, str(card.run))))


def _card(run: RunFolder) -> RunCard:
    try:
        refuse_ways_out(run.path)
        spec = run.load_spec().spec
        environment = run.read_environment()
        epochs = read_epochs(run)
        best = next((row for row in reversed(epochs.rows) if row["best"] == "1"), None)
        return RunCard(
            run=run.path,
            status="trained" if run.outcome.is_file() else "not finished",
            name=spec.name,
            seed=spec.seed,
            engine=spec.routing.engine,
            started=str(environment.get("started", "")),
            epochs=epochs.count,
            best=int(best["epoch"]) if best else None,
            val_central=float(best["val_central"]) if best else None,
            calibrated=run.calibration.is_file(),
            scores=kept_scores(run),
        )
    except (StqError, ValueError, KeyError, TypeError) as error:
        return RunCard(run.path, "damaged", cause=str(error).partition("\n")[0])
