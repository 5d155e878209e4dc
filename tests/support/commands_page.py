"""docs/commands.md: what `--help` says of every command, as a page."""

import re
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from stq.cli import app

HEAD = """# Commands

<!-- made by make docs from the commands themselves: change their help, not this page -->

Every command and every option, as `--help` has them. RUN is the folder that `stq train` made, SPEC a YAML file (see
[the spec](spec.md)). For a first walk through most of them see the [tutorial](tutorial.md).

With `--json` standard output holds one JSON document, `{"error": ...}` on failure, and standard error everything for
people. Exit codes: 0 done, 1 a bug in stq, 2 usage or spec, 3 data, 4 a check failed, 5 non-finite training, 74 disk,
128 + n stopped by signal n.
"""
EVERYWHERE = ("--json", "--debug", "--help")
"""Options that nearly every command has; named once, at the end of each."""


def commands_page() -> str:
    """The page as it ought to stand in docs/."""
    root: Any = get_command(app)
    context = root.make_context("stq", ["plugins"], resilient_parsing=True)
    found = list(commands(root, context))
    contents = "\n".join(f"- [`{name}`](#{name.replace(' ', '-')}): {summary(command)}" for name, command, _ in found)
    body = "\n".join(section(*each) for each in found)
    return f"{HEAD}\n{contents}\n\n## stq\n\n{described(root, context)}\n{body}"


def commands(group: Any, context: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every command below a group that does something, with its whole name and its context."""
    for name, command in group.commands.items():
        inner = command.make_context(name, [], parent=context, resilient_parsing=True)
        if hasattr(command, "commands"):
            yield from commands(command, inner)
        elif not command.hidden:
            yield inner.command_path, command, inner


def summary(command: Any) -> str:
    """The first sentence of a command's help."""
    return re.split(r"(?<=[.])\s", " ".join(command.help.split()), maxsplit=1)[0]


def section(name: str, command: Any, context: Any) -> str:
    """One command."""
    arguments = [shown(each, str(each.get_help_record(context)[0])) for each in arguments_of(command, context)]
    required = [each.required for each in arguments_of(command, context)]
    words = (word if needed else f"[{word}]" for word, needed in zip(arguments, required, strict=True))
    usage = " ".join([name, "[OPTIONS]", *words])
    return f"## {name}\n\n`{usage}`\n\n{described(command, context)}"


def arguments_of(command: Any, context: Any) -> list[Any]:
    """Those without dashes, in their order."""
    return [each for each in command.get_params(context) if each.param_type_name == "argument"]


def described(command: Any, context: Any) -> str:
    """What a command does, and a table of what it takes."""
    rows, common = [], []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None:
            continue
        if parameter.opts[0] in EVERYWHERE:
            common.append(f"`{parameter.opts[0]}`")
            continue
        written, meaning = record
        rows.append(f"| `{cell(shown(parameter, written))}` | {cell(meaning)} |")
    table = ["| argument or option | meaning |", "|---|---|", *rows, ""] if rows else []
    also = f"Also {', '.join(common)}.\n" if len(common) > 1 else ""
    return "\n".join([command.help.strip(), "", *table, also]).rstrip() + "\n"


def shown(parameter: Any, written: str) -> str:
    """How an argument or option is written; of an argument without the type, which is always a text."""
    return written.split(" <")[0].strip("[]") if parameter.param_type_name == "argument" else written


def cell(text: str) -> str:
    """A text in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
