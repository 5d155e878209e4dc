"""`stq config show` and `stq config diff`."""

from pathlib import Path
from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, Overrides
from stq.report import config_table, difference_table

config = typer.Typer(help="What a spec or a run says, value by value.", rich_markup_mode=None, no_args_is_help=True)

Source = Annotated[Path, typer.Argument(metavar="SPEC|RUN", help="A spec, or the folder of a run.", show_default=False)]
Written = Annotated[bool, typer.Option("--set-only", help="Leave out what is a default.")]


@config.command("show", short_help="Every value in force, and where it came from.")
def show(
    source: Source, overrides: Overrides = None, set_only: Written = False, as_json: Json = False, debug: Debug = False
) -> Answer:
    """Every value in force, and where it came from: a line of the spec, `--set`, or the default."""
    from stq.app import config

    result = config(source, overrides or [])
    return Answer(result.to_dict(), config_table(result, set_only=set_only))


@config.command("diff")
def diff(one: Source, other: Source, as_json: Json = False, debug: Debug = False) -> Answer:
    """Where two specs, or two runs, differ."""
    from stq.app import config_diff

    result = config_diff(one, other)
    return Answer(result.to_dict(), difference_table(result))
