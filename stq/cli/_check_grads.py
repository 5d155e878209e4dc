"""`stq check-grads`."""

from typing import Annotated, Literal

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, Overrides, SpecOrRun
from stq.cli._source import open_source
from stq.errors import CheckFailed
from stq.report import gradient_tables

Synthetic = Annotated[bool, typer.Option("--synthetic", help="Use made-up numbers instead of the first batch.")]
Engine = Literal["pruned", "save-restore", "joint"]
EngineChoice = Annotated[
    Engine | None, typer.Option("--engine", help="The engine to check, instead of the spec's.", show_default=False)
]


def check_grads(
    source: SpecOrRun,
    overrides: Overrides = None,
    synthetic: Synthetic = False,
    engine: EngineChoice = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Prove on a real training step that no loss moves a parameter outside its tag.

    Exit code 4 where a loss leaks or is dead, a parameter is starved, or a gradient is not finite.
    """
    settings = [*(overrides or []), *([] if engine is None else [f"routing.engine={engine}"])]
    loaded, run = open_source(source, settings)
    from stq.app import check_grads

    result = check_grads(loaded, run, synthetic=synthetic)
    return Answer(result.to_dict(), gradient_tables(result), 0 if result.passed else CheckFailed.exit_code)
