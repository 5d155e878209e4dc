"""The folder of a run: written once and read with care."""

import hashlib
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib.metadata import distributions
from itertools import chain, count
from pathlib import Path
from typing import Any

from stq import __version__, files
from stq.app._plugin_copies import PluginCopy, copy_name, noted_copies
from stq.app._run_contents import refuse_ways_out
from stq.app._run_lock import LOCK, claimed, holds_nothing
from stq.app._run_paths import RunPaths
from stq.documents import parse_json, read_text
from stq.errors import CheckFailed, UsageError
from stq.spec import LoadedSpec, dump_spec, load_spec


@dataclass(frozen=True)
class RunFolder(RunPaths):
    """One run on the disk."""

    @classmethod
    def place(cls, loaded: LoadedSpec, run_dir: Path | None, *, again: bool = False) -> "RunFolder":
        """Where a new run goes: `run_dir`, or `runs/<name>-<stamp>-<hash>` in the working directory. Writes nothing.

        With `again` it may be the folder of a run of the same spec that was stopped before its first checkpoint.

        Raises UsageError where anything else is there already, CheckFailed as `stopped_early_on` does.
        """
        if run_dir is None:
            digest = hashlib.sha256(dump_spec(loaded.spec).encode()).hexdigest()[:8]
            stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
            first = Path("runs") / f"{loaded.spec.name}-{stamp}-{digest}"
            others = (first.with_name(f"{first.name}-{number}") for number in count(2))
            return cls(next(path for path in chain([first], others) if not path.exists()))
        if again and run_dir is not None and cls(run_dir).stopped_early_on(loaded):
            return cls(run_dir)
        if run_dir.exists() and not (run_dir.is_dir() and holds_nothing(run_dir)):
            raise UsageError(
                f"{run_dir} is there already and is not empty; give another --run-dir, or continue it with --resume"
            )
        return cls(run_dir)

    @property
    def begun(self) -> bool:
        """Whether it ever had a checkpoint. One that is lost since then is still something to go on from, or to say."""
        return self.checkpoints.is_dir() and any(files.PART not in child.name for child in self.checkpoints.iterdir())

    def stopped_early_on(self, loaded: LoadedSpec) -> bool:
        """Whether this is a run that was stopped before its first checkpoint.

        Raises UsageError where it is one of another spec, CheckFailed where its spec can't be read.
        """
        if self.begun or not self.path.is_dir():
            return False
        if not self.resolved.is_file():  # the spec as written is the first that a run holds
            own = (self.spec.name, LOCK)
            return all(child.name in own or files.PART in child.name for child in self.path.iterdir())
        if self.read_text(self.resolved) != dump_spec(loaded.spec):
            raise UsageError(
                f"the spec differs from that of {self.path}; a resumed run keeps its spec: {self.resolved}"
            )
        return True

    def claimed(self, command: str) -> AbstractContextManager[None]:
        """Alone in writing into the run, for as long as the context lasts. Raises InUse where another command does."""
        return claimed(self.path, command)

    def write_spec(self, loaded: LoadedSpec) -> None:
        """The spec as written and as resolved. Raises DiskError where the folder can't be written."""
        self.write(self.spec, loaded.text)
        self.write(self.resolved, dump_spec(loaded.spec))

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """A finished or interrupted run.

        Raises UsageError where `path` is none, CheckFailed where something in it leads out of it.
        """
        folder = cls(path)
        if not folder.resolved.is_file():
            hint = "give the folder that `stq train` made (under runs/)"
            if path.is_dir():
                runs = sorted(child.parent.name for child in path.glob("*/resolved.yaml"))
                hint = f"did you mean one of its folders: {', '.join(runs[-3:])}?" if runs else hint
            raise UsageError(f"{path} is not a run: it holds no resolved.yaml; {hint}")
        refuse_ways_out(path)
        return folder

    def load_spec(self, overrides: Sequence[str] = ()) -> LoadedSpec:
        """The resolved spec, with the run's own copies of local plugin files, each checked against its sha256."""
        return self.with_own_plugins(load_spec(self.resolved, overrides))

    def with_own_plugins(self, loaded: LoadedSpec) -> LoadedSpec:
        """The spec with the run's own copies of local plugin files, each checked against its sha256."""
        files = tuple(copy.read(self.plugins) for copy in self.plugin_copies())
        paths = tuple(str(file.path) for file in files)
        return replace(loaded, spec=loaded.spec.model_copy(update={"plugins": paths}), read_already=files)

    def plugin_copies(self) -> tuple[PluginCopy, ...]:
        """The local plugin files that the run was made with. Raises CheckFailed where the list of them is damaged."""
        return noted_copies(self.read_environment().get("local_plugins", []), self.environment)

    def write_environment(self, loaded: LoadedSpec, fingerprint: str, notes: Sequence[str]) -> None:
        """Copy the local plugin files, as they were run, and note what the run is made with."""
        local = []
        for number, file in enumerate(loaded.plugin_files):
            name = copy_name(number, file.path)
            self.write(self.plugins / name, file.content)
            local.append({"file": name, "source": str(file.path), "sha256": file.sha256})
        self.write_json(
            self.environment,
            {
                "stq": __version__,
                "python": platform.python_version(),
                "platform": platform.platform(),
                "command": sys.argv,
                "started": datetime.now().astimezone().isoformat(timespec="seconds"),
                "data_sha256": fingerprint,
                "data_notes": list(notes),
                "local_plugins": local,
                "packages": installed_packages(),
            },
        )

    def write_resumption(self, step: int, notes: Sequence[str]) -> None:
        """Note in the environment that the run goes on after `step` steps, and what of it is not as it was."""
        found = dict(self.read_environment())
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        this = {"at": now, "step": step, "stq": __version__, "command": sys.argv, "notes": list(notes)}
        self.write_json(self.environment, {**found, "resumed": [*found["resumed"], this]})

    def read_environment(self) -> Mapping[str, Any]:
        """What `write_environment` and `write_resumption` noted. Raises CheckFailed where it is damaged."""
        found = self.read_json(self.environment)
        if not isinstance(found, dict):
            raise CheckFailed(f"{self.environment}: damaged (it is no mapping); the run is not whole")
        kinds = {"command": list, "local_plugins": list, "data_notes": list, "packages": dict, "resumed": list}
        for key, kind in kinds.items():
            if not isinstance(found.get(key, kind()), kind):
                raise CheckFailed(f"{self.environment}: damaged ({key} is no {kind.__name__}); the run is not whole")
        resumed = found.setdefault("resumed", [])
        if not all(isinstance(each, dict) and isinstance(each.get("command"), list) for each in resumed):
            raise CheckFailed(f"{self.environment}: damaged (resumed is no list of commands); the run is not whole")
        for each in (found, *resumed):
            each["command"] = [str(word) for word in each.get("command", [])]
        return found

    def write_json(self, path: Path, content: object) -> None:
        """Write a document whole; NaN and infinities are refused."""
        self.write(path, json.dumps(content, indent=1, allow_nan=False) + "\n")

    def read_json(self, path: Path) -> Any:
        """Raises CheckFailed where the file is missing or damaged."""
        try:
            return parse_json(self.read_text(path))
        except ValueError as error:
            raise CheckFailed(f"{path}: missing or damaged ({error}); the run is not whole") from error

    def read_text(self, path: Path) -> str:
        """Raises CheckFailed where the file is missing or is no text."""
        try:
            return read_text(path)
        except (OSError, ValueError) as error:
            raise CheckFailed(f"{path}: missing or damaged ({error}); the run is not whole") from error

    def write(self, path: Path, content: str | bytes) -> None:
        """Write whole, so that a reader sees the old file or the new one. Raises DiskError."""
        files.write(path, content)


@cache
def installed_packages() -> dict[str, str]:
    """The version of every installed distribution, by name; read once, since each file of metadata takes its time."""
    found = [distribution.metadata for distribution in distributions()]
    return {one["Name"]: one["Version"] for one in sorted(found, key=lambda one: one["Name"].lower())}
