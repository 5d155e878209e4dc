"""The plugin host: registers built-in, installed and local plugins, and asks each for what it brings of one kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from pluggy import PluginManager, PluginValidationError

import stq.hookspecs
from stq.errors import PluginError
from stq.registry._discover import distribution_of, installed
from stq.registry._local import LocalPlugin, load_local

T = TypeVar("T")


@dataclass(frozen=True)
class BrokenPlugin:
    """An installed plugin that can't be used, and why."""

    name: str
    distribution: str
    cause: str


@dataclass(frozen=True)
class Gathered(Generic[T]):
    """What plugins bring, by name, each with the distribution or the local file that it comes from."""

    entries: Mapping[str, tuple[T, str]]
    local: tuple[LocalPlugin, ...]
    broken: tuple[BrokenPlugin, ...]


def gather(kind: str, admit: Callable[[Any], T], builtin: ModuleType, local_files: Sequence[Path]) -> Gathered[T]:
    """Everything of one kind (`losses`: what the hooks `stq_losses` give), each checked by `admit`, which has a `name`.

    An installed plugin that fails to import or breaks the contract is set aside with its cause and harms nobody else; a
    local file was asked for, so there the cause is raised. Two of one name are a `PluginError` that names both
    distributions.
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
    return Gathered(host.entries, local, tuple(broken))


class _Host(Generic[T]):
    """A pluggy manager that knows who brought what."""

    def __init__(self, kind: str, admit: Callable[[Any], T]) -> None:
        self.entries: dict[str, tuple[T, str]] = {}
        self._kind = kind
        self._admit = admit
        self._manager = PluginManager("stq")
        self._manager.add_hookspecs(stq.hookspecs)

    def register(self, name: str, plugin: object) -> list[T]:
        """Check a plugin's hooks, and everything that it gives; what is wrong with either is a `PluginError`."""
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except (PluginValidationError, ValueError) as error:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            raise PluginError(str(error)) from error
        if not self._manager.get_hookcallers(plugin):
            raise PluginError("it implements no hook: mark a function stq_losses() with @stq.hookimpl")
        caller: Any = getattr(self._manager.hook, f"stq_{self._kind}")
        hooks: list[Any] = [hook for hook in caller.get_hookimpls() if hook.plugin_name == name]
        return [self._admit(candidate) for hook in hooks for candidate in hook.function()]

    def enter(self, found: Sequence[T], distribution: str) -> None:
        """Add what was admitted under its name."""
        for entry in found:
            name: str = getattr(entry, "name")  # noqa: B009  (admitted: it has one)
            if name in self.entries:
                both = f"{self.entries[name][1]} and {distribution}"
                message = f"two {self._kind} are called {name!r}, of {both}: rename one, or remove a plugin"
                raise PluginError(message)
            self.entries[name] = (entry, distribution)

    def add_local(self, paths: Sequence[Path]) -> tuple[LocalPlugin, ...]:
        """Load the user's own files, each content once."""
        added: dict[str, LocalPlugin] = {}
        for path in paths:
            module, plugin = load_local(path)
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
        return tuple(added.values())
