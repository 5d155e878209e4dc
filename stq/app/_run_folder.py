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
from stq.app._run_lock import claimed, holds_nothing
from stq.app._run_paths import RunPaths
from stq.errors import CheckFailed, UsageError
from stq.spec import LoadedSpec, Spec, dump_spec, load_spec


@dataclass(frozen=True)
class RunFolder(RunPaths):
    """One run on the disk."""

    @classmethod
    def place(cls, loaded: LoadedSpec, run_dir: Path | None) -> "RunFolder":
        """Where a new run goes: `run_dir`, or `runs/<name>-<stamp>-<hash>` in the working directory. Writes nothing.

        Raises UsageError where something is there already.
        """
        if run_dir is None:
            digest = hashlib.sha256(dump_spec(loaded.spec).encode()).hexdigest()[:8]
            stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
            first = Path("runs") / f"{loaded.spec.name}-{stamp}-{digest}"
            again = (first.with_name(f"{first.name}-{number}") for number in count(2))
            return cls(next(path for path in chain([first], again) if not path.exists()))
        if run_dir.exists() and not (run_dir.is_dir() and holds_nothing(run_dir)):
            raise UsageError(
                f"{run_dir} is there already and is not empty; give another --run-dir, or continue it with --resume"
            )
        return cls(run_dir)

    def claimed(self, command: str) -> AbstractContextManager[None]:
        """Alone in writing into the run, for as long as the context lasts. Raises InUse where another command does."""
        return claimed(self.path, command)

    def write_spec(self, loaded: LoadedSpec) -> None:
        """The spec as written and as resolved. Raises DiskError where the folder can't be written."""
        self.write(self.spec, loaded.text)
        self.write(self.resolved, dump_spec(loaded.spec))

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """A finished or interrupted run. Raises UsageError where `path` is none."""
        folder = cls(path)
        if not folder.resolved.is_file():
            hint = "give the folder that `stq train` made (under runs/)"
            if path.is_dir():
                runs = sorted(child.parent.name for child in path.glob("*/resolved.yaml"))
                hint = f"did you mean one of its folders: {', '.join(runs[-3:])}?" if runs else hint
            raise UsageError(f"{path} is not a run: it holds no resolved.yaml; {hint}")
        return folder

    def load_spec(self, overrides: Sequence[str] = ()) -> LoadedSpec:
        """The resolved spec, with the run's own copies of local plugin files, each checked against its sha256."""
        loaded = load_spec(self.resolved, overrides)
        copies = self.read_environment().get("local_plugins", [])
        paths = []
        for copy in copies:
            path = self.plugins / copy["file"]
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != copy["sha256"]:
                raise CheckFailed(f"{path}: not the plugin file that the run was made with (its sha256 differs)")
            paths.append(str(path.absolute()))
        return replace(loaded, spec=loaded.spec.model_copy(update={"plugins": tuple(paths)}))

    def write_environment(self, spec: Spec, fingerprint: str, notes: Sequence[str]) -> None:
        """Copy local plugin files and note what the run is made with."""
        local = []
        for number, name in enumerate(spec.plugins):
            source = Path(name).read_bytes()
            file = f"{number}-{Path(name).name}"
            self.write(self.plugins / file, source)
            local.append({"file": file, "source": str(name), "sha256": hashlib.sha256(source).hexdigest()})
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

    def read_environment(self) -> Mapping[str, Any]:
        """What `write_environment` noted. Raises CheckFailed where it is damaged."""
        found = self.read_json(self.environment)
        if not isinstance(found, dict):
            raise CheckFailed(f"{self.environment}: damaged (it is no mapping); the run is not whole")
        return found

    def sweep(self) -> None:
        """Remove what writes that were killed left behind."""
        files.sweep(self.path)

    def write_json(self, path: Path, content: object) -> None:
        """Write a document whole; NaN and infinities are refused."""
        self.write(path, json.dumps(content, indent=1, allow_nan=False) + "\n")

    def read_json(self, path: Path) -> Any:
        """Raises CheckFailed where the file is missing or damaged."""
        try:
            return json.loads(self.read_text(path))
        except ValueError as error:
            raise CheckFailed(f"{path}: missing or damaged ({error}); the run is not whole") from error

    def read_text(self, path: Path) -> str:
        """Raises CheckFailed where the file is missing or is no text."""
        try:
            return path.read_text(encoding="utf-8")
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
