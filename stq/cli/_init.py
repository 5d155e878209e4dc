"""`stq init`."""

from pathlib import Path
from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json
from stq.report import init_summary

Files = Annotated[
    list[str] | None, typer.Argument(metavar="[FILE...]", help="Files or patterns of the series.", show_default=False)
]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="SPEC", help="The file to write; it must be new.")]


def init(
    files: Files = None, output: Output = Path("spec.yaml"), as_json: Json = False, debug: Debug = False
) -> Answer:
    """Write a spec with every key, its meaning and its default, that forecasts what is in the files."""
    from stq.app import init_spec

    result = init_spec(files or [], output)
    return Answer(result.to_dict(), init_summary(result))
