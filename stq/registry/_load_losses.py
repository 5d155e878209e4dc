"""The losses of all plugins."""

from collections.abc import Sequence
from pathlib import Path

import stq.losses
from stq.losses import Loss
from stq.registry._admit_loss import admit_loss
from stq.registry._entries import Entry, Registry
from stq.registry._host import gather
from stq.spec import PluginFile

LossEntry = Entry[Loss]
"""A loss and who brought it."""
LossRegistry = Registry[Loss]
"""Every loss that a spec may name."""


def load_losses(local_files: Sequence[Path | PluginFile] = ()) -> LossRegistry:
    """Every loss: the built-in ones, those of installed plugins, and those of the given files.

    An installed plugin that fails to import, breaks the contract or was written for another API is set aside with its
    cause and harms nobody else, and so is a name that two of them bring: asking for it is the error. A local file was
    asked for, so there the cause is raised. STQ_NO_PLUGINS in the environment leaves out what is installed (1, or the
    names of plugins), not what is asked for by file.
    """
    found = gather("losses", admit_loss, stq.losses, local_files)
    entries = {name: Entry(cls, distribution) for name, (cls, distribution) in found.unclashed().items()}
    return LossRegistry("loss", entries, found.local, found.broken, found.clashes)
