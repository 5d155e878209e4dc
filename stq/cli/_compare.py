"""`stq compare`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from stq.cli._answer import Answer
from stq.cli._console import console_for
from stq.cli._options import Debug, Json, Overrides, Quiet, SpecFile
from stq.errors import UsageError
from stq.report import comparison_tables

if TYPE_CHECKING:
    from stq.app import Progress

Seeds = Annotated[str, typer.Option(metavar="N", help="How many seeds, 1 to N; or a list such as 3,5,8.")]
Arms = Annotated[
    str,
    typer.Option(help="Ways of routing: pruned, save-restore, joint, soft=A. Differences are from the first."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Folder of the runs; otherwise runs/compare-NAME.", show_default=False),
]
Split = Annotated[str, typer.Option(help="The split to score on.")]
Origins = Annotated[
    str | None,
    typer.Option(
        metavar="DATES",
        help="Train anew with the training part ending at each of these dates, such as 1998-12,1999-12.",
        show_default=False,
    ),
]
FixedEpochs = Annotated[bool, typer.Option("--fixed-epochs", help="Let no run stop early.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say which runs there are and which are to be trained.")]


def compare(
    spec: SpecFile,
    seeds: Seeds = "6",
    arms: Arms = "pruned,joint",
    out: Out = None,
    overrides: Overrides = None,
    split: Split = "test",
    origins: Origins = None,
    fixed_epochs: FixedEpochs = False,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Train a spec with its losses kept apart in different ways, under the same seeds, and pair the scores.

    Finished runs in the folder are taken as they are and unfinished ones go on, so that the same command continues
    a comparison that was stopped.
    """
    numbers = seeds_of(seeds)
    from stq.spec import load_spec

    load_spec(spec, overrides or [])
    from stq.app import compare as compared

    result = compared(
        spec,
        arms=words(arms),
        seeds=numbers,
        overrides=overrides or [],
        out=out,
        split=split,
        origins=words(origins or ""),
        fixed_epochs=fixed_epochs,
        dry_run=dry_run,
        on_run=(lambda progress: None) if quiet else told,
    )
    return Answer(result.to_dict(), comparison_tables(result), result.exit_code)


def seeds_of(text: str) -> tuple[int, ...]:
    """`6` is 1 to 6; `3,5,8` are these; `3,` is 3 alone. Raises UsageError."""
    parts = [part.strip() for part in text.split(",")]
    numbers = [int(part) for part in parts if part.isascii() and part.isdecimal()]
    if len(numbers) < sum(map(bool, parts)) or not numbers or (len(parts) == 1 and not numbers[0]):
        raise UsageError(f"--seeds expects a number of seeds, or a list of them such as 3,5,8; found {text!r}")
    return tuple(numbers) if len(parts) > 1 else tuple(range(1, numbers[0] + 1))


def words(text: str) -> tuple[str, ...]:
    """The parts between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def told(progress: "Progress") -> None:
    """One line a run, as it begins."""
    line = f"[{progress.number}/{progress.of}] {progress.title}: {progress.action}"
    console_for(sys.stdout).print(Text(line), soft_wrap=True)
