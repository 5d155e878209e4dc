"""`stq eval`."""

from enum import StrEnum
from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, RunPath
from stq.report import origin_tables, score_tables


class Shown(StrEnum):
    """Which scores the terminal shows; the JSON document has all of them."""

    MAIN = "main"
    ALL = "all"


Split = Annotated[str, typer.Option(help="The split to score on: train, val, calibration or test.")]


Origins = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Cut the split into N consecutive blocks of issue times and score each.", show_default=False
    ),
]
Metrics = Annotated[Shown, typer.Option(help="The scores to print: main, or all. --json always has all.")]
Strata = Annotated[bool, typer.Option("--strata", help="Print the scores of each month, season or stratum as well.")]
Evaluation = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="evaluation.KEY=VALUE",
        help="Set a key of the spec's section `evaluation` for this once, such as evaluation.periods=season.",
        show_default=False,
    ),
]


def evaluate(
    run: RunPath,
    split: Split = "test",
    metrics: Metrics = Shown.MAIN,
    strata: Strata = False,
    origins: Origins = None,
    overrides: Evaluation = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Score a run, in the units of the data, against every baseline, before and after calibration.

    Several processes (torchrun) share the windows; the scores are those of one.
    """
    from stq.app import RunFolder

    folder = RunFolder.open(run)
    folder.load_spec()
    from stq.app import evaluate, evaluate_origins

    if origins is not None:
        rolled = evaluate_origins(folder, origins, split=split, overrides=overrides or ())
        return Answer(rolled.to_dict(), origin_tables(rolled))
    result = evaluate(folder, split=split, overrides=overrides or ())
    return Answer(result.to_dict(), score_tables(result, every=metrics is Shown.ALL, strata=strata))
