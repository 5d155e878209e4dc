"""The models of all plugins."""

from collections.abc import Sequence
from pathlib import Path

import stq.models
from stq.models import Forecaster
from stq.registry._admit_model import admit_model
from stq.registry._entries import Entry, Registry
from stq.registry._host import gather
from stq.spec import PluginFile

ModelEntry = Entry[Forecaster]
"""A model and who brought it."""
ModelRegistry = Registry[Forecaster]
"""Every model that a spec may name."""


def load_models(local_files: Sequence[Path | PluginFile] = ()) -> ModelRegistry:
    """Every model: the built-in one, those of installed plugins, and those of the given files.

    What is broken or clashes is set aside as by `load_losses`.
    """
    found = gather("models", admit_model, stq.models, local_files)
    entries = {name: Entry(cls, distribution) for name, (cls, distribution) in found.unclashed().items()}
    return ModelRegistry("model", entries, found.local, found.broken, found.clashes)
