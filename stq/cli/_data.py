"""`stq data` and its commands."""

from pathlib import Path
from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, Overrides, SpecFile
from stq.report import inspection_tables, store_summary, verified_summary

Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Files, patterns or addresses of stores.", show_default=False)
]
Written = Annotated[
    Path,
    typer.Argument(metavar="PATH", help="A packed store, or forecasts: .nc, .zarr, .tif.", show_default=False),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="STORE", help="The folder to write.", show_default=False)
]
Verify = Annotated[bool, typer.Option("--verify", help="Read it all back and compare every frame with its checksum.")]

data = typer.Typer(help="Look at data, and pack it for speed.", rich_markup_mode=None)


@data.command(short_help="Write the variables of a spec so that they read fast.")
def pack(
    spec: SpecFile,
    output: Output,
    verify: Verify = False,
    overrides: Overrides = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Write the variables of a spec once, in units, to a folder from which windows read fast: `data.source: STORE`."""
    from stq.spec import load_spec

    loaded = load_spec(spec, overrides or [])
    from stq.app import pack_spec

    result = pack_spec(loaded, output, verify=verify)
    return Answer(result.to_dict(), store_summary(result))


@data.command(short_help="Compare what stq wrote with its checksums.")
def verify(path: Written, as_json: Json = False, debug: Debug = False) -> Answer:
    """Compare every frame of a packed store, or every byte that `stq predict` wrote, with its checksum."""
    from stq.app import StoreResult, verify

    result = verify(path)
    text = store_summary(result) if isinstance(result, StoreResult) else verified_summary(result)
    return Answer(result.to_dict(), text)


@data.command(short_help="What stq sees in files, and a spec fragment to paste.")
def inspect(files: Files, as_json: Json = False, debug: Debug = False) -> Answer:
    """What stq sees in files: dimensions, dates, units, missing values, and a spec fragment to paste.

    Of large variables an even sample is looked at, and said so.
    """
    from stq.app import inspect_data

    result = inspect_data(files)
    return Answer(result.to_dict(), inspection_tables(result))
