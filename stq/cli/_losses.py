"""`stq losses`, and `stq losses show`."""

from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json
from stq.errors import UsageError
from stq.report import loss_page, loss_table

LossName = Annotated[str, typer.Argument(metavar="NAME", help="The name of a loss.", show_default=False)]

losses = typer.Typer(help="The losses that a spec may name.", rich_markup_mode="markdown")


@losses.callback(invoke_without_command=True)
def list_all(context: typer.Context, as_json: Json = False, debug: Debug = False) -> Answer | None:
    """The losses that a spec may name, from stq itself and from installed plugins; `show` tells all about one."""
    if context.invoked_subcommand is not None:
        return None
    from stq.app import list_losses

    cards = list_losses()
    return Answer({"losses": [card.to_dict() for card in cards]}, loss_table(cards))


@losses.command()
def show(name: LossName, as_json: Json = False, debug: Debug = False) -> Answer:
    """Equation, source, tag and options of one loss."""
    from stq.app import list_losses
    from stq.spec import suggest

    cards = {card.name: card for card in list_losses()}
    if name not in cards:
        near = suggest(name, cards)
        raise UsageError(
            f"there is no loss {name!r}; " + (f"did you mean {near!r}?" if near else f"there are {', '.join(cards)}")
        )
    return Answer(cards[name].to_dict(), loss_page(cards[name]))
