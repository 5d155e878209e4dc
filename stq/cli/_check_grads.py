"""`stq check-grads`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, Overrides
from stq.cli._source import open_source
from stq.errors import CheckFailed, UsageError
from stq.report import gradient_tables

if TYPE_CHECKING:
    from stq.app import CheckGradsResult

Source = Annotated[
    Path | None,
    typer.Argument(metavar="SPEC|RUN", help="A spec file, or the folder of a run.", show_default=False),
]
Module = Annotated[
    str | None,
    typer.Option(
        "--module",
        metavar="MODULE:FACTORY",
        help="Check a model of your own instead: the function FACTORY() of MODULE, found from the working directory, "
        "gives a stq.routing.Audited, or a routed LightningModule with its data.",
        show_default=False,
    ),
]
Steps = Annotated[int, typer.Option("--steps", min=1, metavar="N", help="Check so many batches, without an update.")]
Synthetic = Annotated[
    bool, typer.Option("--synthetic", help="Use made-up numbers instead of the data's first batches.")
]
Engine = Literal["pruned", "save-restore", "joint"]
EngineChoice = Annotated[
    Engine | None,
    typer.Option("--engine", help="The engine to check, instead of the spec's or the model's.", show_default=False),
]


def check_grads(
    source: Source = None,
    overrides: Overrides = None,
    module: Module = None,
    steps: Steps = 1,
    synthetic: Synthetic = False,
    engine: EngineChoice = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Prove on real training steps that no loss moves a parameter outside its tag.

    Exit code 4 where a loss leaks or is dead, a parameter is starved, or a gradient is not finite or not what the
    routing permits.
    """
    if module is None:
        result = check_source(source, overrides or [], engine, steps, synthetic=synthetic)
    else:
        refuse_beside_module(source, overrides or [], synthetic=synthetic)
        from stq.app import check_module

        result = check_module(module, engine=engine, steps=steps)
    return Answer(result.to_dict(), gradient_tables(result), 0 if result.passed else CheckFailed.exit_code)


def check_source(
    source: Path | None, overrides: list[str], engine: Engine | None, steps: int, *, synthetic: bool
) -> "CheckGradsResult":
    """The audit of a spec or a run."""
    if source is None:
        raise UsageError("name what is to be checked: a spec, a run, or --module MODULE:FACTORY")
    settings = [*overrides, *([] if engine is None else [f"routing.engine={engine}"])]
    loaded, run = open_source(source, settings)
    from stq.app import check_grads

    return check_grads(loaded, run, synthetic=synthetic, steps=steps)


def refuse_beside_module(source: Path | None, overrides: list[str], *, synthetic: bool) -> None:
    """What speaks of a spec means nothing for a model that has none."""
    beside = [str(source)] if source is not None else []
    beside += ["--set"] if overrides else []
    beside += ["--synthetic"] if synthetic else []
    if beside:
        raise UsageError(f"--module checks a model that has no spec: leave out {', '.join(beside)}")
