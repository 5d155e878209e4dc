"""Arguments and options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

SpecFile = Annotated[Path, typer.Argument(metavar="SPEC", help="The spec: a YAML file.", show_default=False)]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="A run: the folder that train made.", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set a key of the spec, such as optim.lr=3e-4 or losses.ssim.weight=0.1; may be given again.",
        show_default=False,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Write one JSON document to standard output, all else to standard error.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result alone.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
