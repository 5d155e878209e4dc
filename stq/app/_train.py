"""Train a spec into a run folder from the beginning: audit, fit, calibrate."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stq.app._assembly import Experiment, assemble, refuse_unsuited
from stq.app._calibrate import calibrate_split, read_calibration
from stq.app._check import summary
from stq.app._check_grads import CheckGradsResult, audit_experiment
from stq.app._disk_space import refuse_full_disk
from stq.app._identity import Identity, identity_of, shas_of, told
from stq.app._metrics_file import MetricsFile
from stq.app._run_folder import RunFolder
from stq.app._train_result import Ready, TrainResult, result_of
from stq.errors import CheckFailed, DataError, Interrupted, Stopped
from stq.spec import LoadedSpec
from stq.training import (
    CheckpointStore,
    FitResult,
    TrainingObserver,
    World,
    fit,
    joined,
    load_weights,
    tracking,
)


def ignore(ready: Ready) -> None:
    """For who does not want to know."""


RESTING = ({"dead"}, {"starved"}, {"dead", "starved"})
"""Faults that one batch can have by chance, such as a horizon of which it holds no valid target."""
FURTHER = 8
"""Batches that are looked at before such a fault is believed."""


def train(
    loaded: LoadedSpec,
    *,
    run_dir: Path | None = None,
    observers: Sequence[TrainingObserver] = (),
    on_ready: Callable[[Ready], None] = ignore,
    dry_run: bool = False,
    again: bool = False,
) -> TrainResult:
    """Train from the beginning. A dry run builds everything, takes one step and writes nothing. With `again`, `run_dir`
    may hold the same run, stopped before its first checkpoint.

    The routing of the first step is audited before the first update: a loss that is dead, a parameter that is
    starved, or a gradient that leaks under an engine that isolates, ends the run with CheckFailed.

    Where the spec asks for several processes they train together; the leading one alone writes, calls `on_ready` and
    the observers, and calibrates. What one of them refuses all refuse: the others raise Elsewhere.
    """
    loaded = loaded.without_search
    refuse_unsuited(loaded)
    with ExitStack() as held:
        with joined(loaded.spec.trainer) as world:
            with world.together():
                run = None if dry_run or not world.leads else RunFolder.place(loaded, run_dir, again=again)
                if run is not None:
                    held.enter_context(run.claimed("stq train"))
                experiment = assemble(loaded)
                if run is not None:
                    refuse_full_disk(run, experiment)
            refuse_other_data(world, experiment)
            run = world.leaders(run)
            audit = audited(world, experiment, run, on_ready, write=True)
            if run is None:
                module, loaders = experiment.module, experiment.loaders
                fitted = fit(module, loaders, loaded.spec.trainer, checkpoints=None, trial=True, world=world)
                return result_of(None, "dry run", fitted, audit, experiment, None)
            identity = identity_of(loaded, experiment, world.size, shas_of(loaded))
            fitted = fit_into(run, experiment, observers, world, identity, resume_from=None)
        return finish(run, experiment, audit, fitted, world)


def refuse_other_data(world: World, experiment: Experiment) -> None:
    """Refuse processes that read different data, as they may on machines with disks of their own."""
    prints = world.everyones(experiment.data.fingerprint)
    with world.together():
        if world.leads and len(set(prints)) > 1:
            odd = [str(rank) for rank, found in enumerate(prints) if found != prints[0]]
            raise DataError(f"process {', '.join(odd)} reads other data than process 0: give all the same files")


def audited(
    world: World,
    experiment: Experiment,
    run: RunFolder | None,
    on_ready: Callable[[Ready], None],
    *,
    write: bool,
    resumed: tuple[str, ...] = (),
) -> CheckGradsResult:
    """The audit of the first step, made by the leading process, which also may `write` what a run begins with, and
    tells what is to be known of a `resumed` one.

    Raises CheckFailed, in all processes, where it fails.
    """
    audit: CheckGradsResult | None = None
    with world.together():
        if world.leads:
            audit = audit_experiment(experiment, world=world)
            if {kind for kind, _ in audit.audit.faults} in RESTING:
                audit = audit_experiment(experiment, steps=FURTHER, world=world)
            refuse_failed(audit)
            if run is not None and write:
                write_beginning(run, experiment, audit)
            on_ready(Ready(None if run is None else run.path, summary(experiment), audit, resumed))
    audit = world.leaders(audit)
    assert audit is not None  # for the type checker: the leading process has one
    return audit


def write_beginning(run: RunFolder, experiment: Experiment, audit: CheckGradsResult) -> None:
    """All that a run holds before its first step."""
    run.write_spec(experiment.loaded)
    run.write_environment(experiment.loaded, experiment.data.fingerprint, experiment.data.notes)
    experiment.data.normaliser.save(run.statistics)
    run.write_json(run.audit, audit.to_dict())
    if experiment.initial is not None:
        run.write_json(run.initial, experiment.initial.to_dict())
    if experiment.strata is not None:
        run.write(run.strata, experiment.strata.to_bytes())


def fit_into(
    run: RunFolder,
    experiment: Experiment,
    observers: Sequence[TrainingObserver],
    world: World,
    identity: Identity,
    *,
    resume_from: Path | None,
) -> FitResult:
    """Fit into the run's folder."""
    spec = experiment.loaded.spec
    table = MetricsFile(run.metrics, tuple(loss.name for loss in experiment.losses), append=resume_from is not None)
    loggers = spec.trainer.logger if world.leads else ()
    with tracking(loggers, run.path / "logs", name=spec.name, run=run.path.name, spec=told(spec)) as trackers:
        return fit(
            experiment.module,
            experiment.loaders,
            spec.trainer,
            checkpoints=run.checkpoints,
            observers=(table, *trackers, *observers) if world.leads else (),
            experiment=identity.to_dict(),
            resume_from=resume_from,
            world=world,
        )


def finish(
    run: RunFolder, experiment: Experiment, audit: CheckGradsResult, fitted: FitResult, world: World
) -> TrainResult:
    """Calibrate the best checkpoint, where that is not done: the leading process's work, when the others have left.

    Raises CheckFailed where it is damaged, Stopped where a signal comes.
    """
    calibration = None
    if world.leads:
        forecaster = experiment.module.forecaster.float()  # as `evaluate` builds it, whatever it was trained in
        forecaster.load_state_dict(load_weights(CheckpointStore(run.checkpoints).best()))
        with interruptible(run):
            calibration = read_calibration(run)  # where training had ended before: of this network, as the user has it
            if calibration is None:
                calibration = calibrate_split(experiment.loaded, experiment.data, forecaster, run=run)
                if calibration is not None:
                    run.write(run.calibration, calibration.to_json())
    result = result_of(run.path, "completed", fitted, audit, experiment, calibration)
    if world.leads:
        run.write_json(run.outcome, result.to_dict())
    return result


@contextmanager
def interruptible(run: RunFolder) -> Iterator[None]:
    """A signal that comes when nothing is left but to calibrate."""
    try:
        yield
    except Interrupted as error:
        raise Stopped(
            error.signal, f"{error}: {run.path} is trained, and not calibrated yet; continue with --resume"
        ) from error


def refuse_failed(audit: CheckGradsResult) -> None:
    """A failed audit ends training before it begins; `routing.engine: joint` asks for its leaks and may have them."""
    kinds = {kind for kind, _ in audit.audit.faults}
    if audit.engine == "joint":
        kinds -= {"leak", "mismatch"}
    if kinds:
        lines = "\n".join(f"  {text}" for text in audit.audit.problems)
        raise CheckFailed(f"the gradients of the first step fail their check; see `stq check-grads`:\n{lines}")
