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
from stq.cli._models import models
from stq.cli._plugins import plugins
from stq.cli._predict import predict
from stq.cli._report import report
from stq.cli._runs import runs
from stq.cli._schema import schema
from stq.cli._train import train
from stq.cli._tune import tune

app = typer.Typer(cls=CommandLine, rich_markup_mode=None, pretty_exceptions_enable=False)


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


app.command("train", short_help="Train the forecaster of a spec into a run folder.")(train)
app.command("eval", short_help="Score a run against every baseline.")(evaluate)
app.command("compare", short_help="Train a spec under several routings, and pair them.")(compare)
app.command("tune", short_help="Search for the settings of a spec that do best.")(tune)
app.command("predict", short_help="Forecast with a run, into a file.")(predict)
app.command("export", short_help="Write a run's network for use without stq.")(export)
app.command("calibrate", short_help="Calibrate a run's band anew, without training.")(calibrate)
app.command("report", short_help="Write one HTML page on one or several runs.")(report)
app.command("check-grads", short_help="Prove that every loss stays within its groups.")(check_grads)
app.command("check", short_help="Check a spec without training.")(check)
app.command("init", short_help="Write a spec with every key explained.")(init)
app.command("schema", short_help="The JSON Schema of a spec, for editors.")(schema)
app.command("runs", short_help="List the runs in a folder.")(runs)
app.add_typer(config, name="config")
app.add_typer(data, name="data")
app.add_typer(losses, name="losses")
app.add_typer(models, name="models")
app.command("plugins", short_help="List the plugins that are installed.")(plugins)
app.command("doctor", short_help="Look at versions, devices, threads, plugins and disk.")(doctor)
