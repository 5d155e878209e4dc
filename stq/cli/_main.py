"""The console script."""

import os
import sys
import warnings
from io import TextIOWrapper

from stq.cli._app import app
from stq.cli._rank import leads
from stq.cli._signals import listen
from stq.cli._threads import settle_threads
from stq.errors import Interrupted, exit_code_of
from stq.report import inert_text


def main() -> None:
    """Run `stq` on the process's arguments and exit."""
    settle_threads()
    # pydantic would look through every installed distribution for plugins of its own, and stq's models need none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the process
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (for as long as the process lives)
    if not leads():
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (for as long as the process lives)
        warnings.simplefilter("ignore")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names that the terminal's encoding has no letters for
    format_warning = warnings.formatwarning
    warnings.formatwarning = lambda *told, **more: inert_text(format_warning(*told, **more))
    listen()
    try:
        app(prog_name="stq")
    except Interrupted as error:  # while the command was saying how it went
        sys.exit(exit_code_of(error))
