"""What Python does while something is tried that must do nothing: its audit events, by the rules of a canary."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType

from support.pickle_gadgets import MODULE

RUNS = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "os.startfile",
    "pty.spawn",
    "subprocess.Popen",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "urllib.Request",
    "webbrowser.open",
    "ctypes.dlopen",
    "code.__new__",
    "function.__new__",
)
"""Events that are never to be seen."""

Told = Callable[[str], None]


def watch(told: Told, canary: Path, *, writes_below: Path, names: bool = True) -> None:
    """From now on, and for as long as the process lives, tell of what should not have happened.

    That is: a process or a connection, a name that pickle looks up (unless not `names`), a file opened for writing that
    is not below `writes_below`, the import of the canary's module, a compilation or a run of code that speaks of it.
    """
    signs = (MODULE, str(canary))
    below = str(writes_below)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in RUNS:
            told(f"{event} {str(arguments)[:200]}")
        elif event == "pickle.find_class" and names:
            told(f"{event} {arguments}")
        elif event == "import" and str(arguments[0]).startswith(MODULE):
            told(f"import {arguments[0]}")
        elif event == "compile" and any(sign in _text(arguments[0]) for sign in signs):
            told(f"compile {str(arguments)[:200]}")
        elif (
            event == "exec"
            and isinstance(arguments[0], CodeType)
            and any(sign in _words(arguments[0]) for sign in signs)
        ):
            told(f"exec {arguments[0]}")
        elif event == "open" and _writes(arguments) and not str(arguments[0]).startswith((below, "/dev/", "/proc/")):
            told(f"open {arguments}")

    sys.addaudithook(hook)


def _writes(arguments: tuple[object, ...]) -> bool:
    path, mode = arguments[0], arguments[1]
    return isinstance(path, str | bytes) and isinstance(mode, str) and any(letter in mode for letter in "wax+")


def _text(source: object) -> str:
    return source.decode(errors="replace") if isinstance(source, bytes) else str(source)


def _words(code: CodeType) -> str:
    return " ".join((code.co_filename, *code.co_names, *map(str, code.co_consts)))
