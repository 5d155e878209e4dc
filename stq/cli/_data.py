"""`stq data` and its commands."""

from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json
from stq.report import inspection_tables

Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Files, patterns or addresses of stores.", show_default=False)
]

data = typer.Typer(help="Look at data before there is a run.", rich_markup_mode="markdown")


@data.callback()
def commands() -> None:
    """A group, even of one command."""


@data.command()
def inspect(files: Files, as_json: Json = False, debug: Debug = False) -> Answer:
    """What stq sees in files: dimensions, dates, units, missing values, and a spec fragment to paste.

    Of large variables an even sample is looked at, and said so.
    """
    from stq.app import inspect_data

    result = inspect_data(files)
    return Answer(result.to_dict(), inspection_tables(result))
