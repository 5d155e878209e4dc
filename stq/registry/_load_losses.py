"""The plugin host: registers built-in, installed and local plugins, and asks each for its losses."""

from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from pluggy import PluginManager, PluginValidationError

import stq.hookspecs
import stq.losses
from stq.errors import PluginError
from stq.losses import Loss
from stq.registry._admit_loss import admit_loss
from stq.registry._discover import distribution_of, installed
from stq.registry._local import LocalPlugin, load_local
from stq.registry._loss_registry import BrokenPlugin, LossEntry, LossRegistry


def load_losses(local_files: Sequence[Path] = ()) -> LossRegistry:
    """Every loss: the built-in ones, those of installed plugins, and those of the given files.

    An installed plugin that fails to import or breaks the contract is set aside with its cause and harms nobody else; a
    local file was asked for, so there the cause is raised. Two losses of one name are a `PluginError` that names both
    distributions. STQ_NO_PLUGINS=1 in the environment leaves out what is installed, not what is asked for by file.
    """
    host = _Host()
    host.enter(host.register("stq", stq.losses), "stq")
    broken = [cause for point in installed() if (cause := _add_installed(host, point))]
    local = _add_local(host, local_files)
    return LossRegistry(host.entries, local, tuple(broken))


class _Host:
    """A pluggy manager that knows who brought which loss."""

    def __init__(self) -> None:
        self.entries: dict[str, LossEntry] = {}
        self._manager = PluginManager("stq")
        self._manager.add_hookspecs(stq.hookspecs)

    def register(self, name: str, plugin: object) -> list[type[Loss]]:
        """Check a plugin's hooks, and every loss that it gives; what is wrong with either is a `PluginError`."""
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except (PluginValidationError, ValueError) as error:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            raise PluginError(str(error)) from error
        if not self._manager.get_hookcallers(plugin):
            raise PluginError("it implements no hook: mark a function stq_losses() with @stq.hookimpl")
        hooks: list[Any] = [hook for hook in self._manager.hook.stq_losses.get_hookimpls() if hook.plugin_name == name]
        return [admit_loss(candidate) for hook in hooks for candidate in hook.function()]

    def enter(self, losses: Sequence[type[Loss]], distribution: str) -> None:
        """Add losses under their names."""
        for cls in losses:
            if cls.name in self.entries:
                both = f"{self.entries[cls.name].distribution} and {distribution}"
                raise PluginError(f"two losses are called {cls.name!r}, of {both}: rename one, or remove a plugin")
            self.entries[cls.name] = LossEntry(cls, distribution)


def _add_installed(host: _Host, point: EntryPoint) -> BrokenPlugin | None:
    distribution = distribution_of(point)
    try:
        losses = host.register(f"{distribution}: {point.name}", point.load())
    except PluginError as error:
        return BrokenPlugin(point.name, distribution, str(error))
    except (Exception, SystemExit) as error:
        return BrokenPlugin(point.name, distribution, f"{type(error).__name__}: {error}")
    host.enter(losses, distribution)
    return None


def _add_local(host: _Host, paths: Sequence[Path]) -> tuple[LocalPlugin, ...]:
    added: dict[str, LocalPlugin] = {}
    for path in paths:
        module, plugin = load_local(path)
        if plugin.sha256 in added:
            continue
        added[plugin.sha256] = plugin
        try:
            losses = host.register(str(path), module)
        except PluginError as error:
            raise PluginError(f"{path}: {error}") from error
        except Exception as error:
            raise PluginError(f"{path}: stq_losses() failed: {type(error).__name__}: {error}") from error
        host.enter(losses, str(path))
    return tuple(added.values())
