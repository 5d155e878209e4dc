"""What a training says before its first step and at its end."""

from dataclasses import dataclass
from pathlib import Path

from stq.app._assembly import Experiment
from stq.app._check import CheckResult
from stq.app._check_grads import CheckGradsResult
from stq.calibration import ConformalCalibration, calibration_notes
from stq.training import FitResult


@dataclass(frozen=True)
class TrainResult:
    """How training ended. `run` is None after a dry run; `best_central` is in normalised units.

    `splits` are the parts that there are windows of; `calibration_notes` are known at the end alone. Of the `steps`,
    `skipped_steps` were left out since something in them was not finite.
    """

    run: Path | None
    status: str
    epochs: int
    steps: int
    best_central: float | None
    best_checkpoint: Path | None
    stopped_early: bool
    calibrated: bool
    audit: CheckGradsResult
    splits: tuple[str, ...]
    notes: tuple[str, ...]
    calibration_notes: tuple[str, ...] = ()
    skipped_steps: int = 0

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "run": None if self.run is None else str(self.run),
            "status": self.status,
            "epochs": self.epochs,
            "steps": self.steps,
            "skipped_steps": self.skipped_steps,
            "best": {
                "val_central": self.best_central,
                "checkpoint": None if self.best_checkpoint is None else str(self.best_checkpoint),
            },
            "stopped_early": self.stopped_early,
            "calibrated": self.calibrated,
            "gradients": self.audit.audit.verdict,
            "notes": [*self.notes, *self.calibration_notes],
        }


@dataclass(frozen=True)
class Ready:
    """What is about to be trained, from the objects that will do it; `run` is None for a dry run.

    `resumed` says what of a run that goes on is not as it was.
    """

    run: Path | None
    summary: CheckResult
    audit: CheckGradsResult
    resumed: tuple[str, ...] = ()


def result_of(
    run: Path | None,
    status: str,
    fitted: FitResult,
    audit: CheckGradsResult,
    experiment: Experiment,
    calibration: ConformalCalibration | None,
) -> TrainResult:
    """Gather what happened."""
    return TrainResult(
        run=run,
        status=status,
        epochs=fitted.epochs,
        steps=fitted.steps,
        best_central=fitted.best_central,
        best_checkpoint=fitted.best,
        stopped_early=fitted.stopped_early,
        calibrated=calibration is not None,
        audit=audit,
        splits=tuple(experiment.data.splits),
        notes=experiment.notes,
        skipped_steps=fitted.skipped_steps,
        calibration_notes=() if calibration is None else calibration_notes(calibration),
    )
