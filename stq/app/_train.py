"""Train a spec into a run folder: audit, fit, calibrate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stq.app._assembly import Experiment, assemble
from stq.app._calibrate import calibrate_split
from stq.app._check import CheckResult, summary
from stq.app._check_grads import CheckGradsResult, audit_experiment
from stq.app._metrics_file import MetricsFile
from stq.app._run_folder import RunFolder
from stq.errors import CheckFailed, UsageError
from stq.spec import LoadedSpec, dump_spec
from stq.training import FitResult, TrainingObserver, fit, load_weights


@dataclass(frozen=True)
class TrainResult:
    """How training ended. `run` is None after a dry run; `best_central` is in normalised units.

    `splits` are the parts that there are windows of.
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

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "run": None if self.run is None else str(self.run),
            "status": self.status,
            "epochs": self.epochs,
            "steps": self.steps,
            "best": {
                "val_central": self.best_central,
                "checkpoint": None if self.best_checkpoint is None else str(self.best_checkpoint),
            },
            "stopped_early": self.stopped_early,
            "calibrated": self.calibrated,
            "gradients": self.audit.audit.verdict,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Ready:
    """What is about to be trained, from the objects that will do it; `run` is None for a dry run."""

    run: Path | None
    summary: CheckResult
    audit: CheckGradsResult


def ignore(ready: Ready) -> None:
    """For who does not want to know."""


def train(
    loaded: LoadedSpec,
    *,
    run_dir: Path | None = None,
    observers: Sequence[TrainingObserver] = (),
    on_ready: Callable[[Ready], None] = ignore,
    dry_run: bool = False,
) -> TrainResult:
    """Train from the beginning. A dry run builds everything, takes one step and writes nothing.

    The routing of the first step is audited before the first update: a loss that is dead, a parameter that is
    starved, or a gradient that leaks under an engine that isolates, ends the run with CheckFailed.
    """
    run = None if dry_run else RunFolder.place(loaded, run_dir)
    experiment = assemble(loaded)
    audit = audit_experiment(experiment)
    refuse_failed(audit)
    if run is None:
        on_ready(Ready(None, summary(experiment), audit))
        fitted = fit(experiment.module, experiment.loaders, loaded.spec.trainer, checkpoints=None, trial=True)
        return result_of(None, "dry run", fitted, audit, experiment, calibrated=False)
    run.write_spec(loaded)
    run.write_environment(loaded.spec, experiment.data.fingerprint, experiment.data.notes)
    experiment.data.normaliser.save(run.statistics)
    run.write_json(run.audit, audit.to_dict())
    on_ready(Ready(run.path, summary(experiment), audit))
    return finish(run, experiment, audit, observers, resume=False)


def resume(
    loaded: LoadedSpec,
    run: RunFolder,
    *,
    observers: Sequence[TrainingObserver] = (),
    on_ready: Callable[[Ready], None] = ignore,
) -> TrainResult:
    """Go on where `run` stopped. Raises UsageError where the spec, or the data, is not the one it was started with."""
    started_with = run.load_spec()
    if dump_spec(loaded.spec) != run.resolved.read_text(encoding="utf-8"):
        raise UsageError(f"the spec differs from that of {run.path}; a resumed run keeps its spec: {run.resolved}")
    if not run.last.is_file():
        raise UsageError(f"{run.path} was stopped before its first checkpoint: there is nothing to resume, train anew")
    run.sweep()
    experiment = assemble(started_with, run, trained=False)  # its last checkpoint brings the weights
    if experiment.data.fingerprint != run.read_environment().get("data_sha256"):
        raise UsageError(f"the data differs from what {run.path} was started with; start a new run")
    audit = audit_experiment(experiment)
    refuse_failed(audit)
    on_ready(Ready(run.path, summary(experiment), audit))
    return finish(run, experiment, audit, observers, resume=True)


def finish(
    run: RunFolder,
    experiment: Experiment,
    audit: CheckGradsResult,
    observers: Sequence[TrainingObserver],
    *,
    resume: bool,
) -> TrainResult:
    """Fit into the run's folder and calibrate its best checkpoint."""
    spec = experiment.loaded.spec
    table = MetricsFile(run.metrics, tuple(loss.name for loss in experiment.losses), append=resume)
    fitted = fit(
        experiment.module,
        experiment.loaders,
        spec.trainer,
        checkpoints=run.checkpoints,
        observers=(table, *observers),
        resume=resume,
    )
    forecaster = experiment.module.forecaster.float()  # as `evaluate` builds it, whatever it was trained in
    forecaster.load_state_dict(load_weights(run.best))
    calibration = calibrate_split(spec, experiment.data, forecaster)
    if calibration is not None:
        run.write(run.calibration, calibration.to_json())
    return result_of(run.path, "completed", fitted, audit, experiment, calibrated=calibration is not None)


def result_of(
    run: Path | None,
    status: str,
    fitted: FitResult,
    audit: CheckGradsResult,
    experiment: Experiment,
    *,
    calibrated: bool,
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
        calibrated=calibrated,
        audit=audit,
        splits=tuple(experiment.data.splits),
        notes=summary(experiment).notes,
    )


def refuse_failed(audit: CheckGradsResult) -> None:
    """A failed audit ends training before it begins; `routing.engine: joint` asks for its leaks and may have them."""
    kinds = {kind for kind, _ in audit.audit.faults}
    if audit.engine == "joint":
        kinds -= {"leak", "mismatch"}
    if kinds:
        lines = "\n".join(f"  {text}" for text in audit.audit.problems)
        raise CheckFailed(f"the gradients of the first step fail their check; see `stq check-grads`:\n{lines}")
