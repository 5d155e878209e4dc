"""`stq export`."""

from pathlib import Path
from typing import Annotated

import typer

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, RunPath
from stq.report import export_summary

Outputs = Annotated[
    list[Path],
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The file to write, .pt2, .onnx or .safetensors; may be given again, with another ending.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files of these names.")]
Scores = Annotated[bool, typer.Option("--scores", help="Score the test part, for the model card.")]


def export(
    run: RunPath,
    *,
    output: Outputs,
    force: Force = False,
    scores: Scores = False,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Export the trained network of a run, loadable without stq, with a model card beside it.

    .pt2 (torch.export) and .onnx hold the network, its way to units and its calibration; .safetensors its weights.
    """
    from stq.app import RunFolder

    folder = RunFolder.open(run)
    folder.load_spec()
    from stq.app import export

    result = export(folder, output, force=force, scored=scores)
    return Answer(result.to_dict(), export_summary(result))
