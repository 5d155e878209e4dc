"""The command line: parse, call `stq.app`, print, leave with the right exit code.

A command is one file with one function, which returns an `Answer`. The outer edge (`CommandLine`) prints it, as tables
or as one JSON document, and turns every exception into one error and its exit code. What is heavy is imported inside
the commands, spec first, so that help and mistakes in a spec are answered without torch.
"""

from stq.cli._app import app
from stq.cli._main import main

__all__ = ["app", "main"]
