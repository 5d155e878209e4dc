"""`stq predict`."""

from pathlib import Path
from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, RunPath
from stq.errors import UsageError
from stq.report import prediction_summary

Data = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="DATA...", help="Files, patterns or stores to forecast from; default the run's own.", show_default=False
    ),
]
Output = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", help="The file to write: .nc, .zarr or .tif.", show_default=False),
]
Init = Annotated[
    list[str] | None,
    typer.Option(
        "--init",
        metavar="TIME",
        help="Forecast from this date, as 2000-06 or 2000-06-01T12; may be given again; default the latest with data.",
        show_default=False,
    ),
]
Side = Annotated[
    int | None,
    typer.Option(
        "--tile", min=1, metavar="CELLS", help="Side of tiles; default the run's patches.", show_default=False
    ),
]
Overlap = Annotated[
    int | None,
    typer.Option("--overlap", min=0, metavar="CELLS", help="Cells that tiles share.", show_default=False),
]
Convert = Annotated[
    list[str] | None,
    typer.Option(
        "--convert",
        metavar="VARIABLE=UNIT",
        help="Convert a variable of DATA into the run's unit, such as tas=K; may be given again.",
        show_default=False,
    ),
]


def predict(
    run: RunPath,
    source: Data = None,
    *,
    output: Output,
    init: Init = None,
    tile: Side = None,
    overlap: Overlap = None,
    convert: Convert = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Forecast with a run, in the units of the data and with its calibrated band, into a file of CF conventions.

    DATA is read as the run's spec says; other variables, units, steps or another grid than the run's are refused.
    """
    units = conversions(convert or [])
    from stq.app import RunFolder

    folder = RunFolder.open(run)
    folder.load_spec()
    from stq.app import predict

    result = predict(folder, source or (), output, init=init or (), tile=tile, overlap=overlap, units=units)
    return Answer(result.to_dict(), prediction_summary(result))


def conversions(texts: list[str]) -> dict[str, str]:
    """Unit by variable."""
    found = {}
    for text in texts:
        name, sign, unit = (part.strip() for part in text.partition("="))
        if not (name and sign and unit) or name in found:
            raise UsageError(f"--convert takes VARIABLE=UNIT, each variable once, such as tas=K; found {text!r}")
        found[name] = unit
    return found
