"""`stq schema`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json
from stq.report import json_text, schema_summary

Spec = Annotated[
    Path | None,
    typer.Argument(metavar="[SPEC]", help="A spec whose local plugin files may be named.", show_default=False),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file to write.", show_default=False)
]


def schema(spec: Spec = None, output: Output = None, as_json: Json = False, debug: Debug = False) -> Answer:
    """The JSON Schema of a spec, for editors: its keys, and what the installed plugins bring.

    An editor reads it where a spec begins with `# yaml-language-server: $schema=FILE`, as `stq init` writes it.
    """
    from stq.spec import load_spec

    loaded = None if spec is None else load_spec(spec)
    from stq.app import schema

    result = schema(loaded, output)
    if output is None:
        return Answer(result.to_dict(), Text(json_text(result.schema)), verbatim=True)
    return Answer(result.to_dict(), schema_summary(result))
