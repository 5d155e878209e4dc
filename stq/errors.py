"""The errors that stq raises for a person to read, the exit code of each, and the name that was probably meant.

Every class below `StqError` is somebody's mistake or misfortune with a remedy, not a bug: the command line prints its
text without a traceback and leaves with its `exit_code`. Anything else that escapes is a bug in stq (exit code 1).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from signal import SIGINT, Signals
from typing import ClassVar, Literal

SIGNALS = tuple(Signals[name] for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1") if name in Signals.__members__)
"""What asks a command to stop: Ctrl-C, a terminal that closes, a scheduler. Windows has the first two."""


class StqError(Exception):
    """An error with a text for the user: what was expected, what was found, where, and what to try."""

    exit_code: ClassVar[int] = 1


class UsageError(StqError):
    """A command was called in a way that it can't work with."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One mistake in a spec.

    `path` leads to it through the spec (`("losses", 1, "weight")`), to its key or its value as `on` says; `where` is
    `file:line:column`, `excerpt` the line with a caret under the word; both are empty where no text was at hand.
    """

    path: tuple[str | int, ...]
    message: str
    hint: str = ""
    where: str = ""
    excerpt: str = ""
    on: Literal["key", "value"] = "value"

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        tail = f"  hint: {self.hint}" if self.hint else ""
        return "\n".join(part for part in (head, self.excerpt, tail) if part)


class SpecError(StqError):
    """The spec says something that can't be: all its `problems` at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PluginError(StqError):
    """A plugin is missing, broken, or clashes with another."""

    exit_code = 2


class RoutingError(StqError):
    """Losses, groups and parameters don't fit together, found before the first step."""

    exit_code = 2


class DataError(StqError):
    """The data is not what the spec says, or can't be used. `key` leads to what the spec says, where that is known."""

    exit_code = 3

    def __init__(self, message: str, key: tuple[str | int, ...] = ()) -> None:
        self.key = key
        super().__init__(message)


class CheckFailed(StqError):
    """A check that was asked for, or that guards a result, did not hold: a leak, a damaged file."""

    exit_code = 4


class NonFiniteError(StqError):
    """A loss or a gradient became NaN or infinite; training stopped before the update."""

    exit_code = 5


class AnomalyError(NonFiniteError):
    """torch's anomaly detection found the operation whose gradient is NaN, in the process that it looks at alone."""


class DiskError(StqError):
    """There was no room, or no permission, to write."""

    exit_code = 74


class Stopped(StqError):
    """Training was stopped by a signal after its state was saved; the process leaves with 128 + `signal`."""

    def __init__(self, signal: int, message: str) -> None:
        self.signal = signal
        super().__init__(message)


class Interrupted(BaseException):
    """A signal came where nothing waits for a good place to stop; the process leaves with 128 + `signal`.

    No StqError, and no Exception: code that takes whatever goes wrong in a plugin for the plugin's fault lets it pass.
    """

    def __init__(self, signal: int) -> None:
        self.signal = signal
        self.name = "Ctrl-C" if signal == SIGINT else Signals(signal).name
        super().__init__(f"stopped by {self.name}")


class Elsewhere(StqError):
    """Another process of the same training failed, and this one leaves with it and with its exit code.

    The text says which process and why; it is empty where the other process says so itself.
    """

    def __init__(self, code: int, message: str = "") -> None:
        self.code = code
        super().__init__(message)


def exit_code_of(error: BaseException) -> int:
    """What the process leaves with."""
    if isinstance(error, Elsewhere):
        return error.code
    if isinstance(error, Stopped | Interrupted):
        return 128 + error.signal
    return error.exit_code if isinstance(error, StqError) else 1


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """The nearest of the candidates, whatever the case; None where none is near.

    A word that begins exactly one of the candidates (`32` for `32-true`) counts as near.
    """
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    lower = word.lower()
    near = get_close_matches(lower, by_lower, n=1, cutoff=0.6)
    if not near and len(lower) > 1:
        longer = [candidate for candidate in by_lower if candidate.startswith(lower)]
        near = longer if len(longer) == 1 else []
    return by_lower[near[0]] if near else None


def nearest(word: str, candidates: Iterable[str], otherwise: str) -> str:
    """The suggestion as half a sentence, or `otherwise` where there is none: what names there are."""
    near = suggest(word, candidates)
    return f"did you mean {near!r}?" if near else otherwise


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """The suggestion as a hint; empty where there is none."""
    near = suggest(word, candidates)
    return f'did you mean "{near}"?' if near else ""
