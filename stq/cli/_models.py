"""`stq models`, alone the same as `stq models list`, and what there is to know of a model."""

from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._list_unless_told import ListUnlessTold
from stq.cli._options import Debug, Json
from stq.report import model_page, model_table


def model_names() -> list[str]:
    """What a shell completes the name of a model to."""
    from stq.registry import load_models

    return sorted(load_models())


ModelName = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The name of a model.", show_default=False, autocompletion=model_names),
]

models = typer.Typer(cls=ListUnlessTold, help="The models that a spec may name.", rich_markup_mode=None)


@models.command("list")
def list_all(as_json: Json = False, debug: Debug = False) -> Answer:
    """All models, of stq itself and of installed plugins."""
    from stq.app import list_models, models_left_out

    cards, missing = list_models(), models_left_out()
    document = {"models": [card.to_dict() for card in cards], "left_out": list(missing)}
    return Answer(document, model_table(cards, missing))


@models.command()
def show(name: ModelName, as_json: Json = False, debug: Debug = False) -> Answer:
    """Source, parameter groups and options of one model."""
    from stq.app import show_model

    card = show_model(name)
    return Answer(card.to_dict(), model_page(card))
