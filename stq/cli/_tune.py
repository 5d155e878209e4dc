"""`stq tune`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._console import console_for
from stq.cli._options import Debug, Json, Overrides, Quiet, SpecFile
from stq.report import trial_line, tuning_table

if TYPE_CHECKING:
    from stq.app import Trial

Over = Annotated[
    list[str] | None,
    typer.Option(
        "--over",
        metavar="KEY=RANGE",
        help="What to vary: optim.lr=log:1e-4..1e-2, model.dropout=0.0..0.5, data.history=2..6 (whole numbers), or "
        "model.hidden=[[16],[24],[32]] (choices); may be given again, beside or in place of the spec's tune.over.",
        show_default=False,
    ),
]
Trials = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="How many trials there are to be, those of an earlier call included; otherwise the spec's, or 20.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Folder of the search; otherwise runs/tune-NAME.", show_default=False),
]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Seed of the suggestions, otherwise tune.seed, or 0; that of the trainings is the spec's.",
        show_default=False,
    ),
]
Pruning = Annotated[
    bool | None,
    typer.Option(
        "--pruning/--no-pruning",
        help="Whether a trial that falls behind is given up; otherwise as the spec says, or yes.",
        show_default=False,
    ),
]


def tune(
    spec: SpecFile,
    *,
    over: Over = None,
    trials: Trials = None,
    out: Out = None,
    seed: Seed = None,
    pruning: Pruning = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Search for the settings of a spec with the least central validation error, never looking at the test part.

    What to vary stands in the spec, under `tune`, or in --over. Each trial is a run; the best is written to best.yaml
    as a spec to train. A search that was stopped goes on by the same command, and a larger --trials adds to one that is
    done. Exit code 4 where no trial was completed.
    """
    from stq.spec import load_spec

    load_spec(spec, overrides or [])
    from stq.app import tune as tuned

    result = tuned(
        spec,
        over or [],
        trials=trials,
        overrides=overrides or [],
        out=out,
        seed=seed,
        prune=pruning,
        on_trial=(lambda trial, of: None) if quiet else told,
    )
    return Answer(result.to_dict(), tuning_table(result), result.exit_code)


def told(trial: "Trial", of: int) -> None:
    """One line a trial, as it ends."""
    console_for(sys.stdout).print(trial_line(trial, of), soft_wrap=True)
