"""What makes a training the experiment that it is: the spec, the data, and the code of plugins."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter

from stq import __version__
from stq.app._assembly import Experiment
from stq.app._plugin_copies import copy_name
from stq.errors import CheckFailed
from stq.files import sha256_of
from stq.registry import discover, load_models
from stq.spec import LoadedSpec, Spec, dump_spec, settings


@dataclass(frozen=True)
class Identity:
    """What makes a training the experiment that it is, as every checkpoint keeps it.

    `spec` holds the values by their keys, as text; `plugin_files` and `plugins` the local files with their SHA-256 and
    the versions of the distributions that the losses and the model come from (what a reader gives is in the fingerprint
    `data`, and metrics come after training). `processes` share every batch.
    """

    spec: Mapping[str, str]
    spec_sha256: str
    data: str
    plugin_files: Mapping[str, str]
    plugins: Mapping[str, str]
    processes: int
    versions: Mapping[str, str]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {key: dict(value) if isinstance(value, Mapping) else value for key, value in vars(self).items()}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Identity":
        """Raises CheckFailed where it is no such document."""
        try:
            then = TypeAdapter(cls).validate_python(dict(found))
            int(then.spec["data.batch_size"])
        except (KeyError, ValueError) as error:
            what = "the checkpoint doesn't say which experiment it is of"
            raise CheckFailed(f"{what} ({str(error).splitlines()[0]}); train anew") from error
        return then


def identity_of(
    loaded: LoadedSpec, experiment: Experiment, processes: int, plugin_files: Mapping[str, str]
) -> Identity:
    """The identity of an experiment that is about to train `loaded`."""
    spec = experiment.loaded.spec
    model = load_models(experiment.loaded.plugin_files).get(spec.model.name)
    used = {model.distribution, *(loss.distribution for loss in experiment.losses)}
    return Identity(
        spec=told(loaded.spec),
        spec_sha256=hashlib.sha256(dump_spec(loaded.spec).encode()).hexdigest(),
        data=experiment.data.fingerprint,
        plugin_files=plugin_files,
        plugins={p.distribution: p.version for p in discover() if not p.builtin and p.distribution in used},
        processes=processes,
        versions={"stq": __version__, "torch": str(torch.__version__)},
    )


def told(spec: Spec) -> dict[str, str]:
    """Every value of the spec by its key, as text."""
    return {setting.key: str(setting.value) for setting in settings(spec, dump_spec(spec))}


def shas_of(loaded: LoadedSpec) -> dict[str, str]:
    """The local plugin files, by name as a run keeps them, with their SHA-256, as they were read once."""
    return {copy_name(number, file.path): file.sha256 for number, file in enumerate(loaded.plugin_files)}


def shas_by_now(loaded: LoadedSpec) -> dict[str, str]:
    """The same of the files as they stand now; empty for one that is gone."""
    paths = [Path(file) for file in loaded.spec.plugins]
    return {copy_name(n, path): sha256_of(path) if path.is_file() else "" for n, path in enumerate(paths)}
