"""The copies of local plugin files that a run holds: what they are called, and how they are read back."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from stq.documents import LARGEST
from stq.errors import CheckFailed
from stq.spec import PluginFile

_LONGEST = 255
"""Characters of the longest name of a file."""


@dataclass(frozen=True)
class PluginCopy:
    """One file: its name in the folder of copies, the path that it was copied from, and its SHA-256."""

    file: str
    source: str
    sha256: str

    def read(self, folder: Path) -> PluginFile:
        """The copy. Raises CheckFailed where its bytes are not those that the run was made with."""
        path = folder / self.file
        with_hash = f"{path}: not the plugin file that the run was made with (its sha256 differs)"
        try:
            if not path.is_file() or path.stat().st_size > LARGEST:
                raise CheckFailed(with_hash)
            content = path.read_bytes()
        except OSError as error:
            raise CheckFailed(f"{path}: can't be read ({error.strerror}); the run is not whole") from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise CheckFailed(with_hash)
        return PluginFile(path.absolute(), content)


def copy_name(number: int, path: Path) -> str:
    """What the copy of a plugin file is called: its number, so that no two clash, and what can be kept of its name."""
    return f"{number}-{re.sub(r'[^A-Za-z0-9._-]+', '-', path.name)[-80:]}"


def noted_copies(noted: object, where: Path) -> tuple[PluginCopy, ...]:
    """The list in a run's document `where`. Raises CheckFailed where it is no such list, or names a file elsewhere."""
    if not isinstance(noted, list) or not all(isinstance(item, dict) for item in noted):
        raise CheckFailed(f"{where}: damaged (local_plugins is no list of files); the run is not whole")
    copies = tuple(PluginCopy(*(str(item.get(key, "")) for key in ("file", "source", "sha256"))) for item in noted)
    for copy in copies:
        if not is_name(copy.file):
            raise CheckFailed(f"{where}: {copy.file[:100]!r} can't be the name of a plugin file in the run")
    return copies


def is_name(text: str) -> bool:
    """Whether a text can be the name of a file in a folder: no path, nothing that a terminal would act on."""
    own = text not in ("", ".", "..") and not {"/", "\\"} & set(text)
    return own and text.isprintable() and len(text) <= _LONGEST
