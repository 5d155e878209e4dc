"""A spec file or a run, as the user named it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stq.app import RunFolder
    from stq.spec import LoadedSpec


def open_source(path: Path, overrides: Sequence[str]) -> "tuple[LoadedSpec, RunFolder | None]":
    """The spec, and the run where `path` is a folder. Nothing heavy is imported for it."""
    if path.is_dir():
        from stq.app import RunFolder

        run = RunFolder.open(path)
        return run.load_spec(overrides), run
    from stq.spec import load_spec

    return load_spec(path, overrides), None
