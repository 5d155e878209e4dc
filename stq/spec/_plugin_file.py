"""A local plugin file, as it was read."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from stq.errors import PluginError


@dataclass(frozen=True)
class PluginFile:
    """The file and its bytes: what is hashed, what runs and what is copied into a run are the same."""

    path: Path
    content: bytes = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "PluginFile":
        """Raises PluginError where it can't be read."""
        try:
            return cls(path, path.read_bytes())
        except (OSError, ValueError) as error:
            raise PluginError(f"the plugin file {path} can't be read: {cause(error)}") from error

    @cached_property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


def cause(error: OSError | ValueError) -> str:
    """What the system says; of a path that no file can have, what Python does."""
    return (error.strerror or "") if isinstance(error, OSError) else str(error)
