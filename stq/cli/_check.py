"""`stq check`."""

import sys
from typing import Annotated

import typer
from rich.text import Text

from stq.cli._answer import Answer
from stq.cli._console import console_for
from stq.cli._options import Debug, Json, Overrides, SpecFile
from stq.report import check_summary

Build = Annotated[bool, typer.Option("--build", help="Take one batch through a training step as well.")]


def check(
    spec: SpecFile, overrides: Overrides = None, build: Build = False, as_json: Json = False, debug: Debug = False
) -> Answer:
    """Check a spec without training, in the order of cost: text, plugins, data, network and routing.

    What is wrong ends it at that stage, so that a typo waits for no data. `--build` also takes one batch: its losses
    and gradients are looked at as at the beginning of a training.
    """
    from stq.spec import load_spec

    screen = console_for(sys.stdout)

    def passed(stage: str) -> None:
        screen.print(Text("ok", style="green").append(f"  {stage}", style="default"))

    loaded = load_spec(spec, overrides or [])
    passed("text")
    from stq.app import check

    result = check(loaded, build=build, passed=passed)
    return Answer(result.to_dict(), check_summary(result))
