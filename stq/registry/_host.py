"""The plugin host: registers built-in, installed and local plugins, and asks each for what it brings of one kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from pluggy import PluginManager, PluginValidationError

import stq.hookspecs
from stq import __version__
from stq.errors import PluginError, nearest
from stq.registry._discover import distribution_of, installed
from stq.registry._local import LocalPlugin, load_local
from stq.spec import PluginFile

T = TypeVar("T")


@dataclass(frozen=True)
class BrokenPlugin:
    """An installed plugin that can't be used, and why."""

    name: str
    distribution: str
    cause: str


@dataclass(frozen=True)
class Clash:
    """One name that several distributions brought, in the order in which they did."""

    distributions: tuple[str, ...]
    cause: str


@dataclass(frozen=True)
class Gathered(Generic[T]):
    """What plugins bring, by name, each with the distribution or the local file that it comes from.

    Of a name in `clashes` the first that was found stands among `entries`.
    """

    entries: Mapping[str, tuple[T, str]]
    local: tuple[LocalPlugin, ...]
    broken: tuple[BrokenPlugin, ...]
    clashes: Mapping[str, Clash] = field(default_factory=dict)

    def unclashed(self) -> dict[str, tuple[T, str]]:
        """The entries whose names are no one else's."""
        return {name: entry for name, entry in self.entries.items() if name not in self.clashes}


def gather(
    kind: str, admit: Callable[[Any], T], builtin: ModuleType, local_files: Sequence[Path | PluginFile]
) -> Gathered[T]:
    """Everything of one kind (`losses`: what the hooks `stq_losses` give), each checked by `admit`, which has a `name`.

    An installed plugin that fails to import, breaks the contract or was written for another API is set aside with its
    cause and harms nobody else, and so is a name that two of them bring. A local file was asked for, so there the cause
    is raised.
    """
    host = _Host(kind, admit)
    host.enter(host.register("stq", builtin), "stq")
    broken = []
    for point in installed():
        distribution = distribution_of(point)
        try:
            found = host.register(f"{distribution}: {point.name}", point.load())
        except PluginError as error:
            broken.append(BrokenPlugin(point.name, distribution, str(error)))
        except (Exception, SystemExit) as error:
            broken.append(BrokenPlugin(point.name, distribution, f"{type(error).__name__}: {error}"))
        else:
            host.enter(found, distribution)
    local = host.add_local(local_files)
    clashes = {name: host.clash(name) for name, origins in host.origins.items() if len(origins) > 1}
    return Gathered(host.entries, local, tuple(broken), clashes)


class _Host(Generic[T]):
    """A pluggy manager that knows who brought what."""

    def __init__(self, kind: str, admit: Callable[[Any], T]) -> None:
        self.entries: dict[str, tuple[T, str]] = {}
        self.origins: dict[str, list[str]] = {}
        self._kind = kind
        self._admit = admit
        self._manager = PluginManager("stq")
        self._manager.add_hookspecs(stq.hookspecs)

    def register(self, name: str, plugin: object) -> list[T]:
        """Check a plugin's hooks, and everything that it gives; what is wrong with either is a `PluginError`."""
        refuse_other_api(plugin)
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except (PluginValidationError, ValueError) as error:
            unknown = self._unknown_hook()
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            raise PluginError(unknown or str(error)) from error
        if not self._manager.get_hookcallers(plugin):
            raise PluginError("it implements no hook: mark a function such as stq_losses() with @stq.hookimpl")
        caller: Any = getattr(self._manager.hook, f"stq_{self._kind}")
        hooks: list[Any] = [hook for hook in caller.get_hookimpls() if hook.plugin_name == name]
        return [self._admit(candidate) for hook in hooks for candidate in hook.function()]

    def _unknown_hook(self) -> str:
        """What to say of a marked function whose name no hook has; empty where there is none."""
        hooks = {name: caller for name, caller in vars(self._manager.hook).items() if not name.startswith("_")}
        known = sorted(name for name, caller in hooks.items() if caller.has_spec())
        unknown = [name for name, caller in hooks.items() if not caller.has_spec() and caller.get_hookimpls()]
        there = f"there are {', '.join(known)}"
        return f"unknown hook {unknown[0]!r}; {nearest(unknown[0], known, there)}" if unknown else ""

    def enter(self, found: Sequence[T], distribution: str) -> None:
        """Add what was admitted under its name."""
        for entry in found:
            name: str = getattr(entry, "name")  # noqa: B009  (admitted: it has one)
            self.entries.setdefault(name, (entry, distribution))
            self.origins.setdefault(name, []).append(distribution)

    def clash(self, name: str) -> Clash:
        """What to say of a name that came twice."""
        origins = tuple(self.origins[name])
        several = "two" if len(origins) == 2 else str(len(origins))
        message = f"{several} {self._kind} are called {name!r}, of {' and '.join(origins)}"
        return Clash(origins, f"{message}: rename one, remove a plugin, or leave an installed one out with --no-plugin")

    def add_local(self, files: Sequence[Path | PluginFile]) -> tuple[LocalPlugin, ...]:
        """Load the user's own files, each content once."""
        added: dict[str, LocalPlugin] = {}
        for file in files:
            module, plugin = load_local(file)
            path = plugin.path
            if plugin.sha256 in added:
                continue
            added[plugin.sha256] = plugin
            try:
                found = self.register(str(path), module)
            except PluginError as error:
                raise PluginError(f"{path}: {error}") from error
            except Exception as error:
                cause = f"{type(error).__name__}: {error}"
                raise PluginError(f"{path}: stq_{self._kind}() failed: {cause}") from error
            self.enter(found, str(path))
            for name in (getattr(entry, "name") for entry in found):  # noqa: B009  (admitted: it has one)
                if len(self.origins[name]) > 1:
                    raise PluginError(self.clash(name).cause)
        return tuple(added.values())


def refuse_other_api(plugin: object) -> None:
    """Raise PluginError where the plugin says that it was written for another version of what plugins rely on."""
    wanted, ours = getattr(plugin, "stq_api", stq.hookspecs.API), stq.hookspecs.API
    if wanted != ours:
        newer = isinstance(wanted, int) and wanted > ours
        raise PluginError(
            f"it was written for version {wanted!r} of the plugin API, and stq {__version__} has version {ours}: "
            f"update {'stq' if newer else 'the plugin'}"
        )
