"""`stq tune`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._console import console_for
from stq.cli._options import Debug, Json, Overrides, SpecFile
from stq.report import trial_line, tuning_table

if TYPE_CHECKING:
    from stq.app import Trial

Over = Annotated[
    list[str],
    typer.Option(
        "--over",
        metavar="KEY=RANGE",
        help="What to vary: optim.lr=log:1e-4..1e-2, model.dropout=0.0..0.5, data.history=2..6 (whole numbers), or "
        "model.hidden=[[16],[24],[32]] (choices); may be given again.",
        show_default=False,
    ),
]
Trials = Annotated[int, typer.Option(min=1, help="How many trials there are to be, those of an earlier call included.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Folder of the search; otherwise runs/tune-NAME.", show_default=False),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the suggestions; that of the trainings is the spec's.")]
NoPruning = Annotated[bool, typer.Option("--no-pruning", help="Let every trial run its course.")]


def tune(
    spec: SpecFile,
    *,
    over: Over,
    trials: Trials = 20,
    out: Out = None,
    seed: Seed = 0,
    no_pruning: NoPruning = False,
    overrides: Overrides = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Search for the settings of a spec with the least central validation error, never looking at the test part.

    Each trial is a run; the best is written to best.yaml as a spec to train. A search that was stopped goes on by the
    same command, and a larger --trials adds to one that is done. Exit code 4 where no trial was completed.
    """
    from stq.spec import load_spec

    load_spec(spec, overrides or [])
    from stq.app import tune as tuned

    result = tuned(
        spec,
        over,
        trials=trials,
        overrides=overrides or [],
        out=out,
        seed=seed,
        prune=not no_pruning,
        on_trial=told,
    )
    return Answer(result.to_dict(), tuning_table(result), result.exit_code)


def told(trial: "Trial", of: int) -> None:
    """One line a trial, as it ends."""
    console_for(sys.stdout).print(trial_line(trial, of), soft_wrap=True)
