"""From an exception to one error: its exit code, its words, its JSON."""

import errno
import signal
from dataclasses import dataclass

import typer
from rich.text import Text

from stq.errors import DiskError, Interrupted, Problem, SpecError, Stopped, StqError, UsageError, exit_code_of
from stq.files import FULL
from stq.report import problem_text

OUT_OF_REACH = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM)
"""A path that no file can have, or that this user may not enter."""
PIPE_CLOSED = 128 + 13
"""As if SIGPIPE had stopped the process, which is what a shell expects."""


@dataclass(frozen=True)
class Failure:
    """Why a command failed. `kind` is the name of the exception's class."""

    exit_code: int
    kind: str
    message: str
    hint: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def document(self) -> dict[str, object]:
        """Ready for JSON; `problems` only where a spec has some."""
        error: dict[str, object] = {"code": self.exit_code, "kind": self.kind, "message": self.message}
        if self.hint:
            error["hint"] = self.hint
        if self.problems:
            error["problems"] = [
                {
                    "path": problem.path,
                    "where": problem.where,
                    "message": problem.message,
                    "hint": problem.hint,
                    "excerpt": problem.excerpt,
                }
                for problem in self.problems
            ]
        return {"error": error}

    @property
    def text(self) -> Text:
        """One or a few lines for a person."""
        if self.problems:
            return problem_text(self.problems)
        text = Text("error: ", style="bold red").append(self.message, style="default not bold")
        return (
            text.append("\n  hint: ", style="bold").append(self.hint, style="default not bold") if self.hint else text
        )


def failure_of(error: BaseException) -> Failure:
    """Sort an exception: a person's mistake, bad luck, or a bug."""
    kind = type(error).__name__
    if isinstance(error, SpecError):
        return Failure(error.exit_code, kind, str(error), problems=error.problems)
    if isinstance(error, Interrupted):
        return Failure(exit_code_of(error), Stopped.__name__, str(error))
    if isinstance(error, StqError):
        return Failure(exit_code_of(error), kind, words(error))
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "stq"
        return Failure(error.exit_code, "UsageError", error.format_message(), hint=f"{command} --help")
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return Failure(128 + signal.SIGINT, kind, "stopped by Ctrl-C")
    if isinstance(error, BrokenPipeError):
        return Failure(PIPE_CLOSED, kind, "")
    if isinstance(error, OSError) and error.errno in FULL:
        place = f" ({error.filename})" if error.filename else ""
        hint = "make room, and continue with --resume"
        return Failure(DiskError.exit_code, kind, f"{error.strerror}{place}", hint=hint)
    if isinstance(error, OSError) and error.errno in OUT_OF_REACH and error.filename:
        return Failure(UsageError.exit_code, kind, f"{error.strerror}: {error.filename}")
    found = f"{kind}: {words(error)}" if words(error) else kind
    return Failure(1, kind, f"a bug in stq: {found}", hint="--debug shows the traceback; please report it")


def words(error: BaseException) -> str:
    """The message, without the traceback that a worker process may have put into it."""
    text = str(error).strip()
    if "Traceback (most recent call last)" in text:
        return text.splitlines()[-1].removeprefix("stq.errors.")
    return text
