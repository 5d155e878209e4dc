"""`stq eval`."""

from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, RunPath
from stq.report import score_tables

Split = Annotated[str, typer.Option(help="The split to score on: train, val, calibration or test.")]


def evaluate(run: RunPath, split: Split = "test", as_json: Json = False, debug: Debug = False) -> Answer:
    """Score a run, in the units of the data, against persistence and climatology, before and after calibration.

    Several processes (torchrun) share the windows; the scores are those of one.
    """
    from stq.app import RunFolder

    folder = RunFolder.open(run)
    folder.load_spec()
    from stq.app import evaluate

    result = evaluate(folder, split=split)
    return Answer(result.to_dict(), score_tables(result))
