"""Train the same spec with its losses kept apart in different ways, under several seeds, and pair the scores."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from stq.app._epochs import read_epochs
from stq.app._evaluate import evaluate
from stq.app._losses import resolve_losses
from stq.app._one_process import refuse_many_processes
from stq.app._origin_splits import splits_at
from stq.app._resume import resume
from stq.app._run_folder import RunFolder
from stq.app._run_lock import claimed, clear
from stq.app._train import train
from stq.app.comparison._arms import Arm, parse_arms
from stq.app.comparison._differences import differences_of
from stq.app.comparison._figures import figures_of
from stq.app.comparison._plan import PlannedRun, plan_runs
from stq.app.comparison._result import ComparedRun, ComparisonResult, Key, Measured
from stq.errors import CheckFailed, NonFiniteError, RoutingError, Stopped, StqError, UsageError, exit_code_of
from stq.spec import LoadedSpec, load_spec

WORDS = {"finished": "taken as it is", "unfinished": "going on", "new": "training"}


@dataclass(frozen=True)
class Progress:
    """What is about to happen to one run: the `number`-th of `of`."""

    number: int
    of: int
    title: str
    action: str


def compare(
    spec: Path,
    *,
    arms: Sequence[str] = ("pruned", "joint"),
    seeds: Sequence[int] = (1, 2, 3, 4, 5, 6),
    overrides: Sequence[str] = (),
    out: Path | None = None,
    split: str = "test",
    origins: Sequence[str] = (),
    fixed_epochs: bool = False,
    dry_run: bool = False,
    on_run: Callable[[Progress], None] = lambda progress: None,
) -> ComparisonResult:
    """Every arm under every seed, trained and scored on `split`, and each arm's paired differences from the first.

    What `out` (default runs/compare-<name>) holds of these runs already is taken as it is, an unfinished one goes on.
    With `origins`, the split is moved so that the training part ends at each date, and every arm and seed is trained
    once for each of them. With `fixed_epochs` no run stops early. A dry run says what there is and writes nothing.

    A run that fails (not finite, a check) is reported and the others go on. Raises Stopped with what is done saved;
    UsageError, SpecError, DataError before the first run where it can't be as asked.
    """
    chosen = parse_arms(tuple(arms))
    refuse_seeds(seeds)
    wishes = [*overrides, *(["trainer.patience=null"] if fixed_epochs else [])]
    base = load_spec(spec, wishes)
    refuse_unfit(base, split)
    out = out or Path("runs") / f"compare-{base.spec.name}"
    splits = splits_at(base, origins) if origins else None
    with nullcontext() if dry_run else claimed(out, "stq compare"):
        plan = plan_runs(spec, chosen, seeds, out, overrides=wishes, splits=splits)
        if dry_run:
            runs = tuple(reported(planned, planned.state) for planned in plan)
            return _result(base, out, split, chosen, seeds, origins, runs, {}, dry_run=True)
        runs, measured = perform(plan, split, on_run)
        result = _result(base, out, split, chosen, seeds, origins, runs, measured, dry_run=False)
        RunFolder(out).write_json(out / "comparison.json", result.to_dict())
        return result


def refuse_seeds(seeds: Sequence[int]) -> None:
    """Raises UsageError for no seed, or one that is named twice."""
    if not seeds or len(set(seeds)) < len(seeds):
        raise UsageError(f"expected seeds that differ, found {', '.join(map(str, seeds)) or 'none'}")


def refuse_unfit(loaded: LoadedSpec, split: str) -> None:
    """What would be found only after hours of training."""
    refuse_many_processes(loaded.spec, "a comparison")
    parts = loaded.spec.data.split.parts()
    if split not in parts:
        raise UsageError(f"the spec's split has no part {split!r} to score on; it has {', '.join(parts)}")


def perform(
    plan: Sequence[PlannedRun], split: str, on_run: Callable[[Progress], None]
) -> tuple[tuple[ComparedRun, ...], dict[Key, Measured]]:
    """Train what is not there, score all, and go on past what fails."""
    runs, measured = [], {}
    for number, planned in enumerate(plan, 1):
        on_run(Progress(number, len(plan), planned.title, WORDS[planned.state]))
        try:
            measured[planned.origin, planned.arm, planned.seed] = measure(planned, split)
        except (NonFiniteError, CheckFailed, RoutingError) as error:
            on_run(Progress(number, len(plan), planned.title, f"failed: {error}"))
            runs.append(reported(planned, "failed", error))
        else:
            status = {"finished": "adopted", "unfinished": "resumed", "new": "trained"}[planned.state]
            runs.append(reported(planned, status))
    return tuple(runs), measured


def measure(planned: PlannedRun, split: str) -> Measured:
    """The figures of one run, which is trained first if it has to be."""
    run, loaded = planned.run, planned.loaded
    try:
        if planned.state == "unfinished":
            resume(loaded, run)
        elif planned.state == "new":
            clear(run.path, "stq compare")  # of what a run begins with, at most: `state_of` has looked
            train(loaded, run_dir=run.path)
    except Stopped as error:
        raise Stopped(error.signal, f"{planned.title}: {error}: give the same `stq compare` again") from error
    weights = {loss.name: loss.weight for loss in resolve_losses(loaded) if loss.loss.needs_quantiles and loss.weight}
    return Measured(
        figures=figures_of(evaluate(run, split=split).scores),
        curve=read_epochs(run).bands(weights) if weights else (),
    )


def reported(planned: PlannedRun, status: str, error: StqError | None = None) -> ComparedRun:
    """How the run stands."""
    epochs = None if planned.state == "new" and status == "new" else read_epochs(planned.run)
    return ComparedRun(
        arm=planned.arm,
        seed=planned.seed,
        origin=planned.origin,
        run=planned.run.path,
        status=status,
        epochs=0 if epochs is None else epochs.count,
        best_epoch=0 if epochs is None else epochs.best,
        error="" if error is None else str(error),
        exit_code=0 if error is None else exit_code_of(error),
    )


def _result(
    base: LoadedSpec,
    out: Path,
    split: str,
    arms: Sequence[Arm],
    seeds: Sequence[int],
    origins: Sequence[str],
    runs: tuple[ComparedRun, ...],
    measured: dict[Key, Measured],
    *,
    dry_run: bool,
) -> ComparisonResult:
    names = tuple(arm.name for arm in arms)
    return ComparisonResult(
        name=base.spec.name,
        out=out,
        split=split,
        arms=names,
        seeds=tuple(seeds),
        origins=tuple(origins),
        dry_run=dry_run,
        runs=runs,
        differences=differences_of(measured, names, tuple(origins) or (None,)),
        notes=notes_of(base, runs),
    )


def notes_of(base: LoadedSpec, runs: Sequence[ComparedRun]) -> tuple[str, ...]:
    """What a reader should know of how the runs were made."""
    patience = base.spec.trainer.patience
    if patience is None:
        notes = ["every run trains for all its epochs, and is scored at the epoch of its best central validation error"]
    else:
        notes = [
            f"each run stops by itself, after {patience} epochs without a better central validation error, and is "
            f"scored at the epoch of its best (--fixed-epochs trains all for as long)"
        ]
    made = {versions(RunFolder(run.run)) for run in runs if run.status in ("adopted", "resumed", "trained")}
    if len(made) > 1:
        notes.append(f"the runs were made with different versions: {'; '.join(sorted(made))}")
    return tuple(notes)


def versions(run: RunFolder) -> str:
    """What the numbers of a run depend on."""
    environment = run.read_environment()
    return f"stq {environment.get('stq')}, torch {environment.get('packages', {}).get('torch')}"
