"""Search for the settings of a spec that forecast its validation part best."""

from collections.abc import Callable, Sequence
from pathlib import Path

from stq.app._assembly import resolve_plugins
from stq.app._check_spec import check
from stq.app._one_process import refuse_many_processes
from stq.app._run_folder import RunFolder
from stq.app._run_lock import claimed, clear, holds_nothing
from stq.app._train import train
from stq.app.tuning._result import Trial, TuneResult
from stq.app.tuning._study import Judge, Pruned, Study, folder_name, refuse_missing, texts
from stq.errors import DiskError, Stopped, StqError, UsageError
from stq.files import disk_error
from stq.spec import Dimension, LoadedSpec, TuneSpec, dump_spec, load_spec, parse_dimension

BEST = "best.yaml"


def tune(
    spec: Path,
    over: Sequence[str] = (),
    *,
    trials: int | None = None,
    overrides: Sequence[str] = (),
    out: Path | None = None,
    seed: int | None = None,
    prune: bool | None = None,
    on_trial: Callable[[Trial, int], None] = lambda trial, of: None,
) -> TuneResult:
    """Train the spec with settings from the ranges `over`, until there are so many `trials` in `out`.

    What is not given is what the spec says under `tune`: its ranges, of which one in `over` replaces that of the same
    key, trials, seed, and whether to prune. `out` is runs/tune-<name> by default; a search that is there on the same
    terms goes on, and what is in it counts. Every trial is a run folder of its own. The best is that of the least
    central validation error at its best epoch; it is written to `best.yaml`, which leads to the same files by relative
    paths where the spec does. The same seed suggests the same settings, stopped in between or not.

    A trial that fails is recorded and the others go on. Raises UsageError and SpecError before the first trial where it
    can't be as asked, Stopped with what is done kept.
    """
    refuse_missing()
    base = load_spec(spec, overrides)
    search = base.spec.tune or TuneSpec()
    space = space_of(search, over)
    trials = search.trials if trials is None else trials
    seed = search.seed if seed is None else seed
    prune = search.prune if prune is None else prune
    refuse_unfit(base, spec, space, overrides, trials)
    out = out or Path("runs") / f"tune-{base.spec.name}"
    terms = {"spec": portable(spec, overrides, out), "over": [vars(each) for each in space], "seed": seed}
    refuse_taken(out)
    with claimed(out, "stq tune"):
        study = open_study(out, space, terms, seed)
        while len(study.trials()) < trials:
            done = perform(study, spec, overrides, prune=prune)
            write_best(study, spec, overrides)
            on_trial(done, trials)
        best = best_of(study)
        return TuneResult(out, study.trials(), best, write_best(study, spec, overrides))


def space_of(search: TuneSpec, over: Sequence[str]) -> tuple[Dimension, ...]:
    """The ranges of the spec and those of the arguments; of two for a key the latter, in the place of the former."""
    given = [parse_dimension(argument) for argument in over]
    if len({dimension.key for dimension in given}) < len(given):
        raise UsageError("--over names a key twice")
    return tuple({dimension.key: dimension for dimension in (*search.space(), *given)}.values())


def portable(spec: Path, overrides: Sequence[str], folder: Path) -> str:
    """The resolved spec as a text for this folder: a path that was relative still is, so that both can be moved."""
    return dump_spec(load_spec(spec, overrides, seen_from=folder).without_search.spec)


def refuse_taken(out: Path) -> None:
    """Raises UsageError where something else than a search is there."""
    if out.exists() and not (out.is_dir() and (holds_nothing(out) or any(out.glob("study.journal")))):
        raise UsageError(f"{out} is there already and holds no search; choose another folder with --out")


def open_study(out: Path, space: Sequence[Dimension], terms: dict[str, object], seed: int) -> Study:
    """The study in this folder. Raises DiskError where it can't be written."""
    try:
        return Study(out, space, terms, seed=seed)
    except OSError as error:
        raise disk_error(out, error) from error


def refuse_unfit(
    base: LoadedSpec, spec: Path, space: Sequence[Dimension], overrides: Sequence[str], trials: int
) -> None:
    """Check the spec as it stands with its data, and every end of every range on its text and its plugins."""
    if not space:
        raise UsageError(
            "a search needs something to vary: --over KEY=LOW..HIGH, --over KEY=[VALUE, VALUE], or tune.over in the "
            "spec"
        )
    if trials < 1:
        raise UsageError(f"expected at least one trial, found {trials}")
    for dimension in space:
        for end in dimension.ends():
            resolve_plugins(load_spec(spec, [*overrides, end]))
    refuse_many_processes(base.spec, "a search")
    check(base)


def perform(study: Study, spec: Path, overrides: Sequence[str], *, prune: bool) -> Trial:
    """One trial, from its suggestion to its record."""
    asked = study.ask()
    judge = Judge(asked, prune=prune)
    run = study.out / folder_name(asked.number)
    try:
        clear(run, "stq tune")  # of what a process that was killed between two records left
        loaded = load_spec(spec, [*overrides, *settings(texts(asked.params))])
        train(loaded, run_dir=run, observers=(judge,))
    except Pruned:
        study.tell_pruned(asked.number)
    except (Stopped, DiskError):
        study.give_up(asked.number)
        raise
    except (StqError, RuntimeError, MemoryError) as error:
        study.tell_failed(asked.number, str(error).strip().partition("\n")[0] or type(error).__name__)
    else:
        study.tell(asked.number, judge.best)
    return next(trial for trial in study.trials() if trial.number == asked.number)


def settings(chosen: dict[str, str]) -> list[str]:
    """The `--set` arguments of a trial."""
    return [f"{key}={value}" for key, value in chosen.items()]


def best_of(study: Study) -> Trial | None:
    """The first of the completed trials with the least value."""
    complete = [trial for trial in study.trials() if trial.state == "complete" and trial.value is not None]
    return min(complete, key=lambda trial: trial.value or 0.0, default=None)


def write_best(study: Study, spec: Path, overrides: Sequence[str]) -> Path | None:
    """The best trial's spec, as one that can be trained; None where there is none."""
    best = best_of(study)
    if best is None:
        return None
    chosen = ", ".join(f"{key} {value}" for key, value in best.settings.items())
    head = f"# Best of {len(study.trials())} trials of stq tune: {best.run.name}, {chosen}.\n"
    path = study.out / BEST
    RunFolder(study.out).write(path, head + portable(spec, [*overrides, *settings(dict(best.settings))], study.out))
    return path
