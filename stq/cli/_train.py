"""`stq train`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._console import console_for
from stq.cli._options import Debug, Json, Overrides, Quiet
from stq.errors import UsageError
from stq.report import TrainingDisplay, TrainingInSilence, TrainingLines, training_outcome

if TYPE_CHECKING:
    from stq.app import Ready, RunFolder, TrainResult
    from stq.spec import LoadedSpec

Source = Annotated[
    Path, typer.Argument(metavar="SPEC", help="The spec; or, with --resume, the run itself.", show_default=False)
]
RunDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the run; otherwise runs/NAME-TIME-HASH in the working directory."),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on where a run stopped; with SPEC and --run-dir, start it where it has not begun."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Build everything, take one step, write nothing.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print a line for every step.")]


def train(
    source: Source,
    overrides: Overrides = None,
    run_dir: RunDir = None,
    resume: Resume = False,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Train the forecaster of a spec into a run folder.

    The gradients of the first step are checked before the first update, and the bands are calibrated at the end.
    Continue a stopped run with `stq train RUN --resume`. `stq train SPEC --run-dir RUN --resume` starts a run and goes
    on with it: the command of a job that is queued again. Several processes: `--set trainer.devices=N`, or torchrun.
    """
    if quiet and verbose:
        raise UsageError("--quiet and --verbose are each other's opposite: give one of them")
    loaded, run = (
        open_run(source, overrides or [], run_dir, dry_run) if resume else (open_spec(source, overrides or []), None)
    )
    view = TrainingInSilence() if quiet else view_of_training(every_step=verbose)
    result = train_watched(loaded, run, run_dir, view, dry_run=dry_run)
    return Answer(result.to_dict(), training_outcome(result))


def open_spec(source: Path, overrides: list[str]) -> "LoadedSpec":
    """The spec of a new run."""
    if source.is_dir():
        raise UsageError(f"{source} is a folder; give a spec, or continue the run in it with --resume")
    from stq.spec import load_spec

    return load_spec(source, overrides)


def open_run(source: Path, overrides: list[str], run_dir: Path | None, dry_run: bool) -> "tuple[LoadedSpec, RunFolder]":
    """The spec and the folder of a run: to go on with (`RUN --resume`), or perhaps to start (`SPEC --run-dir RUN
    --resume`).
    """
    if dry_run:
        raise UsageError("--dry-run writes nothing and --resume goes on writing: give one of them")
    if source.is_dir() and run_dir is not None:
        raise UsageError(f"two runs are named, {source} and {run_dir}: give one of them")
    if not source.is_dir() and run_dir is None:
        raise UsageError("--resume needs the run: `stq train RUN --resume`, or the spec together with --run-dir RUN")
    from stq.app import RunFolder
    from stq.spec import load_spec

    if run_dir is not None:
        return load_spec(source, overrides), RunFolder(run_dir)
    run = RunFolder.open(source)
    return load_spec(run.resolved, overrides), run


def view_of_training(*, every_step: bool) -> TrainingDisplay | TrainingLines:
    """A live display on a terminal; plain lines elsewhere, and where every step is to be seen."""
    console = console_for(sys.stdout)
    if every_step or not console.is_terminal or console.is_dumb_terminal:
        return TrainingLines(console, every_step=every_step)
    return TrainingDisplay(console)


def train_watched(
    loaded: "LoadedSpec",
    run: "RunFolder | None",
    run_dir: Path | None,
    view: TrainingDisplay | TrainingLines | TrainingInSilence,
    *,
    dry_run: bool,
) -> "TrainResult":
    """Train under a view of it."""
    from stq import app

    def begun(ready: "Ready") -> None:
        import torch

        for note in (*ready.resumed, app.contention(torch.get_num_threads())):
            if note:
                typer.echo(f"note: {note}", err=True)
        view.ready(ready)

    with view:
        if run is None:
            return app.train(loaded, run_dir=run_dir, observers=(view,), on_ready=begun, dry_run=dry_run)
        if run.begun:
            return app.resume(loaded, run, observers=(view,), on_ready=begun)
        return app.train(loaded, run_dir=run.path, observers=(view,), on_ready=begun, again=True)
