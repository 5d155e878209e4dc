"""`stq losses`, alone the same as `stq losses list`, and `stq losses show`."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json
from stq.errors import UsageError, nearest
from stq.report import loss_page, loss_table

LossName = Annotated[str, typer.Argument(metavar="NAME", help="The name of a loss.", show_default=False)]


class ListUnlessTold(TyperGroup):
    """A group of commands that lists when none of them is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` in front where there is no command and no call for help."""
        named = args and (args[0] == "--help" or not args[0].startswith("-"))
        return super().parse_args(ctx, args if named else ["list", *args])


losses = typer.Typer(cls=ListUnlessTold, help="The losses that a spec may name.", rich_markup_mode="markdown")


@losses.command("list")
def list_all(as_json: Json = False, debug: Debug = False) -> Answer:
    """All losses, of stq itself and of installed plugins."""
    from stq.app import list_losses

    cards = list_losses()
    return Answer({"losses": [card.to_dict() for card in cards]}, loss_table(cards))


@losses.command()
def show(name: LossName, as_json: Json = False, debug: Debug = False) -> Answer:
    """Equation, source, tag and options of one loss."""
    from stq.app import list_losses

    cards = {card.name: card for card in list_losses()}
    if name not in cards:
        known = f"there are {', '.join(cards)}"
        raise UsageError(f"there is no loss {name!r}; {nearest(name, cards, known)}")
    return Answer(cards[name].to_dict(), loss_page(cards[name]))
