"""The outer edge of the command line: the one place that prints results, errors and JSON, and exits."""

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout, suppress
from typing import Any, NoReturn, TextIO

from typer.core import TyperGroup

from stq.cli._answer import Answer
from stq.cli._console import console_for
from stq.cli._failure import PIPE_CLOSED, Failure, failure_of
from stq.cli._lightning import silence_lightning
from stq.cli._rank import leads, let_the_first_speak
from stq.errors import DiskError, Interrupted, Stopped
from stq.report import inert_text, json_text


class CommandLine(TyperGroup):
    """Runs a command and leaves with its exit code.

    With `--json`, standard output holds one document, whatever plugins and libraries print: that goes to standard
    error, where everything for people is. The flags are looked for among the arguments themselves, since a usage
    error comes before they are parsed; so is `--no-plugin`, which every command takes.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Never returns: the exit code is that of the answer or of the failure."""
        arguments = list(sys.argv[1:] if args is None else args) or ["--help"]
        as_json, stdout = "--json" in arguments, sys.stdout
        silence_lightning()
        left_out, arguments = split_left_out(arguments)
        try:
            with redirect_stdout(sys.stderr) if as_json else nullcontext(), without_plugins(left_out):
                answer = super().main(arguments, prog_name or "stq", complete_var, standalone_mode=False)
            code = deliver(answer, stdout, as_json=as_json)
        except (Exception, KeyboardInterrupt, Interrupted) as error:
            if "--debug" in arguments:
                sys.stderr.write(inert_text("".join(traceback.format_exception(error))))
            if not leads():
                let_the_first_speak()
            code = report(failure_of(error), stdout, as_json=as_json)
        sys.exit(code)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; typer would take these two for its own and lose their words."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Stopped(2, "stopped by Ctrl-C") from error
        except BrokenPipeError as error:
            raise Stopped(PIPE_CLOSED - 128, "") from error


def split_left_out(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names behind every `--no-plugin`, before or behind the command, and the other arguments."""
    names: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word.startswith("--no-plugin="):
            names.append(word.partition("=")[2])
        elif word == "--no-plugin" and (name := next(words, None)) is not None:
            names.append(name)
        else:
            rest.append(word)
    return names, rest


def without_plugins(names: Sequence[str]) -> AbstractContextManager[None]:
    """Leave these plugins out while the command runs. Raises UsageError for one that is not there."""
    if not names:
        return nullcontext()
    from stq.registry import leaving_out

    return leaving_out(names)


def deliver(answer: object, stdout: TextIO, *, as_json: bool) -> int:
    """Print what a command gave back; typer gives the exit code alone where it answered itself, as for --help."""
    if isinstance(answer, Answer):
        if as_json:
            stdout.write(json_text(answer.document) + "\n")
        else:
            console_for(stdout).print(answer.text, soft_wrap=answer.verbatim)
    stdout.flush()
    if isinstance(answer, Answer):
        return answer.exit_code
    return answer if isinstance(answer, int) else 0


def report(failure: Failure, stdout: TextIO, *, as_json: bool) -> int:
    """Print an error: words to standard error, and with --json a document to standard output."""
    if as_json and failure.exit_code != PIPE_CLOSED:
        try:
            stdout.write(json_text(failure.document) + "\n")
            stdout.flush()
        except OSError as error:
            failure = failure_of(error)
    if failure.exit_code in (PIPE_CLOSED, DiskError.exit_code):
        give_up(stdout)
    if failure.exit_code != PIPE_CLOSED and (failure.message or failure.problems):
        with suppress(OSError):
            console_for(sys.stderr).print(failure.text, soft_wrap=True)
    return failure.exit_code


def give_up(stdout: TextIO) -> None:
    """Drop what standard output could not take, or Python would try again at its exit and complain."""
    try:
        stdout.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
