"""The commands, put together."""

from typing import Annotated

import typer

from stq import __version__
from stq.cli._calibrate import calibrate
from stq.cli._check import check
from stq.cli._check_grads import check_grads
from stq.cli._command_line import CommandLine
from stq.cli._compare import compare
from stq.cli._config import config
from stq.cli._data import data
from stq.cli._doctor import doctor
from stq.cli._eval import evaluate
from stq.cli._export import export
from stq.cli._init import init
from stq.cli._losses import losses
from stq.cli._plugins import plugins
from stq.cli._predict import predict
from stq.cli._report import report
from stq.cli._runs import runs
from stq.cli._schema import schema
from stq.cli._train import train
from stq.cli._tune import tune

app = typer.Typer(cls=CommandLine, rich_markup_mode="markdown", pretty_exceptions_enable=False)


def show_version(wanted: bool) -> bool:
    """Print the version and leave, if that is wanted."""
    if wanted:
        typer.echo(f"stq {__version__}")
        raise typer.Exit
    return wanted


Version = Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version.")]


NoPlugin = Annotated[
    list[str] | None,
    typer.Option(
        "--no-plugin",
        metavar="NAME",
        help="Leave out an installed plugin, by its name or its distribution's; may be given again. "
        "STQ_NO_PLUGINS=1 leaves out all.",
        show_default=False,
    ),
]


@app.callback()
def stq(version: Version = False, no_plugin: NoPlugin = None) -> None:  # see `CommandLine` for the latter
    """Spatio-temporal forecasts with calibrated bands, every loss confined to the parameters it is tagged with."""


app.command("train")(train)
app.command("eval")(evaluate)
app.command("compare")(compare)
app.command("tune")(tune)
app.command("predict")(predict)
app.command("export")(export)
app.command("calibrate")(calibrate)
app.command("report")(report)
app.command("check-grads")(check_grads)
app.command("check")(check)
app.command("init")(init)
app.command("schema")(schema)
app.command("runs")(runs)
app.add_typer(config, name="config")
app.add_typer(data, name="data")
app.add_typer(losses, name="losses")
app.command("plugins")(plugins)
app.command("doctor")(doctor)
