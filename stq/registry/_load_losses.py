"""The losses of all plugins."""

from collections.abc import Sequence
from pathlib import Path

import stq.losses
from stq.registry._admit_loss import admit_loss
from stq.registry._host import gather
from stq.registry._loss_registry import LossEntry, LossRegistry


def load_losses(local_files: Sequence[Path] = ()) -> LossRegistry:
    """Every loss: the built-in ones, those of installed plugins, and those of the given files.

    An installed plugin that fails to import or breaks the contract is set aside with its cause and harms nobody else; a
    local file was asked for, so there the cause is raised. Two losses of one name are a `PluginError` that names both
    distributions. STQ_NO_PLUGINS=1 in the environment leaves out what is installed, not what is asked for by file.
    """
    found = gather("losses", admit_loss, stq.losses, local_files)
    entries = {name: LossEntry(cls, distribution) for name, (cls, distribution) in found.entries.items()}
    return LossRegistry(entries, found.local, found.broken)
