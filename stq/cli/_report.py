"""`stq report`."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._eval import Split
from stq.cli._options import Debug, Json
from stq.errors import UsageError
from stq.report import report_summary

Runs = Annotated[
    list[Path], typer.Argument(metavar="RUN...", help="Runs: the folders that train made.", show_default=False)
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The page to write, .html; default report.html in the run. Needed for several runs.",
        show_default=False,
    ),
]


def report(
    runs: Runs, output: Output = None, split: Split = "test", as_json: Json = False, debug: Debug = False
) -> Answer:
    """Write one HTML page on a run, or on several side by side, that opens without a network.

    Verdict, training, gradients, bands, maps and data, with a table behind every chart. A page that is there already
    is written anew.
    """
    refuse_output(runs, output)
    from stq.app import RunFolder

    folders = [RunFolder.open(run) for run in runs]
    for folder in folders:
        folder.load_spec()
    path = folders[0].report if output is None else output
    from stq.app import collect_report
    from stq.report.html import report_page

    own = [folder for folder in folders if folder.path.resolve() == path.parent.resolve()]
    with own[0].claimed("stq report") if own else nullcontext():
        page = report_page([collect_report(folder, split=split) for folder in folders])
        RunFolder(path.parent).write(path, page)
    document = {"path": str(path), "bytes": path.stat().st_size, "runs": [str(run) for run in runs], "split": split}
    return Answer(document, report_summary(path, path.stat().st_size))


def refuse_output(runs: list[Path], output: Path | None) -> None:
    """What must be known of the page before the work begins."""
    if output is None and len(runs) > 1:
        raise UsageError("say with -o where the page on several runs goes, such as -o compared.html")
    if output is not None and output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"-o {output}: a report is an HTML page; give a name that ends in .html")
    if output is not None and output.is_dir():
        raise UsageError(f"-o {output}: this is a folder; give the name of a page in it")
    if len({run.absolute() for run in runs}) < len(runs):
        raise UsageError("a run is named twice")
