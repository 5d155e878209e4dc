"""The JSON Schema of specs that may use what is installed here."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from stq import files
from stq.losses import options_of_loss
from stq.metrics import options_of_metric
from stq.models import options_of_model
from stq.options import Options
from stq.registry import Registry, load_losses, load_metrics, load_models
from stq.spec import LoadedSpec, Plugin, Plugins, json_schema

T = TypeVar("T")


@dataclass(frozen=True)
class SchemaResult:
    """The schema, the file that it was written to (None for none), and the plugins that it lacks."""

    schema: dict[str, Any]
    output: Path | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON: the schema itself, or where it lies."""
        return self.schema if self.output is None else {"schema": str(self.output), "notes": list(self.notes)}


def schema(loaded: LoadedSpec | None = None, output: Path | None = None) -> SchemaResult:
    """What a spec may say, losses, models and metrics of the installed plugins included.

    For a spec with local plugin files others may be named besides, with any options: only what trains or evaluates
    runs such a file, and nothing else can tell what it brings. Raises DiskError where `output` can't be written.
    """
    further = loaded is not None and bool(loaded.spec.plugins)
    losses, models, metrics = load_losses(), load_models(), load_metrics()
    found = json_schema(
        Plugins(
            losses=_plugins(losses, options_of_loss),
            models=_plugins(models, options_of_model),
            metrics=_plugins(metrics, options_of_metric),
            further=further,
        )
    )
    broken = dict.fromkeys(f"the plugin {bad.name!r} is left out: {bad.cause}" for bad in losses.broken)
    clashing = [clash.cause for registry in (losses, models, metrics) for clash in registry.clashes.values()]
    if output is not None:
        files.refuse_missing_folder(output)
        files.write(output, json.dumps(found, indent=1) + "\n")
    notes = ["what local plugin files bring may be named, and is not checked: they are not run for a schema"]
    return SchemaResult(found, output, (*broken, *clashing, *(notes if further else ())))


def modeline(schema: Path) -> str:
    """The first line of a spec that tells editors of the schema that lies beside it."""
    return f"# yaml-language-server: $schema={schema.name}\n"


def _plugins(registry: Registry[T], options_of: Callable[[type[T]], Options]) -> dict[str, Plugin]:
    plugins = {}
    for name in sorted(registry):
        cls = registry.get(name).cls
        options = options_of(cls)
        required = tuple(key for key, argument in options.arguments.items() if argument.default is argument.empty)
        plugins[name] = Plugin(options.schemas(), required, (inspect.getdoc(cls) or "").split("\n")[0])
    return plugins
