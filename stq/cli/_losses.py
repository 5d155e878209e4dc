"""`stq losses`, alone the same as `stq losses list`, and what can be done with a loss."""

from pathlib import Path
from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._list_unless_told import ListUnlessTold
from stq.cli._options import Debug, Json
from stq.errors import CheckFailed
from stq.report import conformance_tables, loss_page, loss_table, new_loss_text

NewName = Annotated[str, typer.Argument(metavar="NAME", help="What specs will call it.", show_default=False)]
Package = Annotated[bool, typer.Option("--package", help="A distribution, with a test, that can be installed.")]
Folder = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write into; default this one.")
]

Given = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="OPTION=VALUE",
        help="An option of the loss, written as in a spec, such as delta=0.5; may be given again.",
        show_default=False,
    ),
]


def loss_names() -> list[str]:
    """What a shell completes the name of a loss to."""
    from stq.registry import load_losses

    return sorted(load_losses())


NameOrFile = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE",
        help="The name of a loss, or a plugin file.",
        show_default=False,
        autocompletion=loss_names,
    ),
]
LossName = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The name of a loss.", show_default=False, autocompletion=loss_names),
]


losses = typer.Typer(cls=ListUnlessTold, help="The losses that a spec may name.", rich_markup_mode=None)


@losses.command("list")
def list_all(as_json: Json = False, debug: Debug = False) -> Answer:
    """All losses, of stq itself and of installed plugins."""
    from stq.app import list_losses, losses_left_out

    cards, missing = list_losses(), losses_left_out()
    document = {"losses": [card.to_dict() for card in cards], "left_out": list(missing)}
    return Answer(document, loss_table(cards, missing))


@losses.command()
def show(name: LossName, as_json: Json = False, debug: Debug = False) -> Answer:
    """Equation, source, tag and options of one loss."""
    from stq.app import show_loss

    card = show_loss(name)
    return Answer(card.to_dict(), loss_page(card))


@losses.command(short_help="Write a loss to begin with, which works as it stands.")
def new(
    name: NewName, package: Package = False, output: Folder = Path("."), as_json: Json = False, debug: Debug = False
) -> Answer:
    """Write a loss to begin with, which works as it stands: a file, or a distribution with --package."""
    from stq.app import new_loss

    written = new_loss(name, output, package=package)
    return Answer(written.to_dict(), new_loss_text(written))


@losses.command("test", short_help="Ask of a loss what stq asks of its own.")
def try_out(name: NameOrFile, options: Given = None, as_json: Json = False, debug: Debug = False) -> Answer:
    """Ask of a loss what stq asks of its own; exit code 4 where it lacks a property."""
    from stq.app import try_losses

    reports = try_losses(name, options or ())
    passed = all(report.passed for report in reports)
    document = {
        "verdict": "pass" if passed else "fail",
        "losses": [
            {"loss": report.name, "passed": report.passed, "properties": [vars(each) for each in report.properties]}
            for report in reports
        ],
    }
    return Answer(document, conformance_tables(reports), 0 if passed else CheckFailed.exit_code)
