"""`stq eval`."""

from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, RunPath
from stq.report import origin_tables, score_tables

Origins = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Cut the split into N consecutive blocks of issue times and score each.", show_default=False
    ),
]
Split = Annotated[str, typer.Option(help="The split to score on: train, val, calibration or test.")]


def evaluate(
    run: RunPath, split: Split = "test", origins: Origins = None, as_json: Json = False, debug: Debug = False
) -> Answer:
    """Score a run, in the units of the data, against persistence and climatology, before and after calibration.

    Several processes (torchrun) share the windows; the scores are those of one.
    """
    from stq.app import RunFolder

    folder = RunFolder.open(run)
    folder.load_spec()
    from stq.app import evaluate, evaluate_origins

    if origins is not None:
        rolled = evaluate_origins(folder, origins, split=split)
        return Answer(rolled.to_dict(), origin_tables(rolled))
    result = evaluate(folder, split=split)
    return Answer(result.to_dict(), score_tables(result))
