"""What plugins bring of one kind, by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from stq.errors import PluginError, nearest
from stq.registry._host import BrokenPlugin, Clash
from stq.registry._local import LocalPlugin

T = TypeVar("T", covariant=True)


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A class and who brought it: the name of a distribution, or the path of a local file."""

    cls: type[T]
    distribution: str


@dataclass(frozen=True)
class Registry(Generic[T]):
    """Everything of one `kind` that a spec may name, the local files that were loaded, and what can't be used.

    `clashes` are names that several plugins brought, which can't be used: nobody can tell which is meant.
    """

    kind: str
    entries: Mapping[str, Entry[T]]
    local: tuple[LocalPlugin, ...] = ()
    broken: tuple[BrokenPlugin, ...] = ()
    clashes: Mapping[str, Clash] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def __getitem__(self, name: str) -> Entry[T]:
        return self.get(name)

    def get(self, name: str) -> Entry[T]:
        """What has that name; else a `PluginError` with the nearest name, or the distributions that clash, and the
        plugins that are broken."""
        if name in self.entries:
            return self.entries[name]
        if name in self.clashes:
            raise PluginError(self.clashes[name].cause)
        known = f"there are {', '.join(sorted(self.entries))}"
        lines = [f"there is no {self.kind} {name!r}; {nearest(name, self.entries, known)}"]
        lines += [f"  {said_of(bad)}" for bad in self.broken]
        raise PluginError("\n".join(lines))

    @property
    def left_out(self) -> tuple[str, ...]:
        """Why something may be missing here: plugins that are broken, and names that clash."""
        return (*map(said_of, self.broken), *(clash.cause for clash in self.clashes.values()))


def said_of(bad: BrokenPlugin) -> str:
    """Which plugin is broken, and why."""
    return f"the plugin {bad.name!r} of {bad.distribution} is broken: {bad.cause}"
