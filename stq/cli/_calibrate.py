"""`stq calibrate`."""

from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, RunPath
from stq.report import calibration_tables

Data = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="DATA...",
        help="Files to calibrate on, every window of them; default the run's own calibration part.",
        show_default=False,
    ),
]
Split = Annotated[
    str | None,
    typer.Option(help="The split of the run to calibrate on; default calibration.", show_default=False),
]
By = Annotated[
    str | None,
    typer.Option(
        metavar="WORDS",
        help="What gets corrections of its own, as horizon,variable,season; default the spec's.",
        show_default=False,
    ),
]
Scores = Annotated[str | None, typer.Option(help="additive or multiplicative; default the spec's.", show_default=False)]


def calibrate(
    run: RunPath,
    source: Data = None,
    split: Split = None,
    by: By = None,
    scores: Scores = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Calibrate a run's band anew, without training, and say on how many frames and what coverage to expect.

    `calibration.json` in the run is replaced; the former one is kept as `calibration.previous.json`.
    """
    from stq.app import RunFolder

    folder = RunFolder.open(run)
    folder.load_spec()
    from stq.app import calibrate

    words = None if by is None else [word.strip() for word in by.split(",") if word.strip()]
    result = calibrate(folder, source or (), split=split, by=words, scores=scores)
    return Answer(result.to_dict(), calibration_tables(result))
