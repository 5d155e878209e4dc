"""The losses at hand, by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stq.errors import PluginError, nearest
from stq.losses import Loss
from stq.registry._host import BrokenPlugin
from stq.registry._local import LocalPlugin


@dataclass(frozen=True)
class LossEntry:
    """A loss and who brought it: the name of a distribution, or the path of a local file."""

    cls: type[Loss]
    distribution: str


@dataclass(frozen=True)
class LossRegistry:
    """Every loss that a spec may name, the local files that were loaded, and the plugins that could not be."""

    entries: Mapping[str, LossEntry]
    local: tuple[LocalPlugin, ...] = ()
    broken: tuple[BrokenPlugin, ...] = ()

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def __getitem__(self, name: str) -> LossEntry:
        return self.get(name)

    def get(self, name: str) -> LossEntry:
        """The loss of that name, or a `PluginError` with the nearest name and the plugins that are broken."""
        if name in self.entries:
            return self.entries[name]
        known = f"there are {', '.join(sorted(self.entries))}"
        lines = [f"there is no loss {name!r}; {nearest(name, self.entries, known)}"]
        lines += [f"  the plugin {bad.name!r} of {bad.distribution} is broken: {bad.cause}" for bad in self.broken]
        raise PluginError("\n".join(lines))
