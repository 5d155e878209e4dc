"""`stq runs`."""

from pathlib import Path
from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json
from stq.report import run_table

Folder = Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to look; folders in it are searched too.")]


def runs(folder: Folder = Path("runs"), as_json: Json = False, debug: Debug = False) -> Answer:
    """List the runs in a folder, the earliest first, each with its best validation error and its scores.

    The scores are those of the test part, as `stq eval RUN` last found them.
    """
    from stq.app import list_runs

    cards = list_runs(folder)
    return Answer({"runs": [card.to_dict() for card in cards]}, run_table(cards))
