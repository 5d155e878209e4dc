"""`stq plugins`."""

from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json
from stq.errors import CheckFailed
from stq.report import plugin_table

Check = Annotated[bool, typer.Option("--check", help="Import every plugin; exit code 4 where one is broken.")]


def plugins(check: Check = False, as_json: Json = False, debug: Debug = False) -> Answer:
    """The plugins that are installed, by their metadata."""
    from stq.app import list_plugins

    cards = list_plugins(load=check)
    broken = check and any(card.cause for card in cards)
    document = {"plugins": [vars(card) for card in cards]}
    return Answer(document, plugin_table(cards, checked=check), CheckFailed.exit_code if broken else 0)
