"""The configuration of a spec or a run, value by value, and how two of them differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from stq.app._run_folder import RunFolder
from stq.spec import Setting, load_spec, settings


@dataclass(frozen=True)
class ConfigResult:
    """Every setting of one spec."""

    source: Path
    settings: tuple[Setting, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {"source": str(self.source), "settings": [vars(setting) for setting in self.settings]}


@dataclass(frozen=True)
class Difference:
    """A key that two specs answer differently; a side that does not have it at all is None."""

    key: str
    one: Setting | None
    other: Setting | None


@dataclass(frozen=True)
class ConfigDifference:
    """Two specs side by side where they differ."""

    one: Path
    other: Path
    differences: tuple[Difference, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        rows = [
            {"key": row.key, "one": row.one and vars(row.one), "other": row.other and vars(row.other)}
            for row in self.differences
        ]
        return {"one": str(self.one), "other": str(self.other), "differences": rows}


def config(source: Path, overrides: Sequence[str] = ()) -> ConfigResult:
    """The resolved values of a spec file or of a run, each with its origin.

    Of a run: the values that it trained with, traced to the spec as its author wrote it and to the `--set` arguments
    of the commands that began it and that went on with it.
    """
    if source.is_dir():
        run = RunFolder.open(source)
        spec = load_spec(run.resolved, overrides).spec
        environment = run.read_environment()
        commands = [environment["command"], *(each["command"] for each in environment["resumed"])]
        given = [argument for command in commands for argument in set_arguments(command)]
        return ConfigResult(source, settings(spec, run.read_text(run.spec), [*given, *overrides]))
    loaded = load_spec(source, overrides)
    return ConfigResult(source, settings(loaded.spec, loaded.text, overrides, name=str(source)))


def set_arguments(command: Sequence[str]) -> tuple[str, ...]:
    """What followed `--set` on a command line."""
    arguments = list(command)
    after = [value for word, value in pairwise(arguments) if word == "--set"]
    return (*after, *(word.removeprefix("--set=") for word in arguments if word.startswith("--set=")))


def config_diff(one: Path, other: Path) -> ConfigDifference:
    """Where two specs, or runs, differ; in the order of the keys of the first, then what the second has besides."""
    mine, yours = ({row.key: row for row in config(source).settings} for source in (one, other))
    rows = [
        Difference(key, mine.get(key), yours.get(key))
        for key in dict.fromkeys([*mine, *yours])
        if key not in mine or key not in yours or mine[key].value != yours[key].value
    ]
    return ConfigDifference(one, other, tuple(rows))
