"""The readers of all plugins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import isabstract, isclass
from pathlib import Path
from typing import Any

import stq.data
from stq.data import Reader
from stq.errors import PluginError
from stq.registry._host import BrokenPlugin, gather


@dataclass(frozen=True)
class ReaderEntry:
    """A reader and who brought it: the name of a distribution, or the path of a local file."""

    cls: type[Reader]
    distribution: str


@dataclass(frozen=True)
class ReaderRegistry:
    """Every reader by name, and the plugins that could not be loaded."""

    entries: Mapping[str, ReaderEntry]
    broken: tuple[BrokenPlugin, ...] = ()


def load_readers(local_files: Sequence[Path] = ()) -> ReaderRegistry:
    """Every reader: the built-in ones, those of installed plugins, and those of the given files.

    What is broken is set aside as by `load_losses`. Two readers of one name, or for one ending of file names, are a
    `PluginError` that names both distributions.
    """
    found = gather("readers", admit_reader, stq.data, local_files)
    entries = {name: ReaderEntry(cls, distribution) for name, (cls, distribution) in found.entries.items()}
    taken: dict[str, ReaderEntry] = {}
    for entry in entries.values():
        for suffix in entry.cls.suffixes:
            if suffix in taken:
                both = f"{taken[suffix].distribution} and {entry.distribution}"
                raise PluginError(f"two readers open files that end in {suffix!r}, of {both}: remove a plugin")
            taken[suffix] = entry
    return ReaderRegistry(entries, found.broken)


def admit_reader(candidate: Any) -> type[Reader]:
    """The class itself, if files can find it; else a `PluginError` that says why."""
    if not (isclass(candidate) and issubclass(candidate, Reader)):
        raise PluginError(f"stq_readers() must give subclasses of stq.data.Reader, and gave {candidate!r}")
    title = f"the reader class {candidate.__qualname__}"
    name = getattr(candidate, "name", None)
    if not (isinstance(name, str) and name.isprintable() and name.split() == [name]):
        raise PluginError(f"{title} needs a name, one word: name = {candidate.__name__.lower()!r}")
    suffixes = getattr(candidate, "suffixes", None)
    if not (isinstance(suffixes, tuple) and suffixes and all(_is_suffix(suffix) for suffix in suffixes)):
        raise PluginError(f"{title} needs the endings of its files, lower case, as a tuple: suffixes = ('.grib',)")
    if isabstract(candidate):
        raise PluginError(f"{title} needs an open(self, address)")
    try:
        candidate()
    except TypeError as error:
        raise PluginError(f"{title} must be made without arguments: {error}") from error
    return candidate


def _is_suffix(suffix: object) -> bool:
    return isinstance(suffix, str) and len(suffix) > 1 and suffix.startswith(".") and suffix == suffix.lower()
