"""The readers of all plugins."""

from collections.abc import Iterable, Sequence
from inspect import isabstract, isclass
from pathlib import Path
from typing import Any

import stq.data
from stq.data import Reader
from stq.errors import PluginError
from stq.registry._entries import Entry, Registry
from stq.registry._host import Clash, gather
from stq.spec import PluginFile

ReaderEntry = Entry[Reader]
"""A reader and who brought it."""
ReaderRegistry = Registry[Reader]
"""Every reader by its name; files find it by their ending."""


def load_readers(local_files: Sequence[Path | PluginFile] = ()) -> ReaderRegistry:
    """Every reader: the built-in ones, those of installed plugins, and those of the given files.

    What is broken is set aside as by `load_losses`. No spec names a reader: of two that share a name the first one
    counts. An ending of file names that two readers open is a clash, and only such files can't be read; see
    `refuse_clashing`.
    """
    found = gather("readers", admit_reader, stq.data, local_files)
    entries = {name: Entry(cls, distribution) for name, (cls, distribution) in found.entries.items()}
    clashes = {**found.clashes}
    taken: dict[str, Entry[Reader]] = {}
    for entry in entries.values():
        for suffix in entry.cls.suffixes:
            first = taken.setdefault(suffix, entry)
            if first is not entry:
                both = (first.distribution, entry.distribution)
                cause = f"two readers open files that end in {suffix!r}, of {' and '.join(both)}"
                clashes[suffix] = Clash(both, f"{cause}: remove a plugin, or leave one out with --no-plugin")
    return ReaderRegistry("reader", entries, found.local, found.broken, clashes)


def refuse_clashing(registry: ReaderRegistry, addresses: Iterable[str]) -> None:
    """Raise a PluginError, which names both distributions, where two readers open one of these files."""
    for address in addresses:
        for suffix, found in registry.clashes.items():
            if suffix.startswith(".") and address.lower().endswith(suffix):
                raise PluginError(found.cause)


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
