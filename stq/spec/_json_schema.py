"""The spec's language as a JSON Schema (draft 2020-12), for editors: keys, types, choices, and what plugins bring.

Nothing that `parse_spec` takes is invalid under it. It knows less: what follows from two keys together, or from the
data, `stq check` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from stq.spec._dump import plain
from stq.spec._model_spec import CONVLSTM, OF_EVERY_MODEL
from stq.spec._spec import Spec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MAPS_OF_SCHEMAS = ("properties", "patternProperties", "$defs")
_OPTION: JsonSchemaValue = {"not": {"type": "object"}}


@dataclass(frozen=True)
class Plugin:
    """What a spec may say to one loss, model or metric: the JSON Schema of each option, and those that it needs."""

    options: Mapping[str, JsonSchemaValue]
    required: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Plugins:
    """The plugins of each kind, by name; None for a kind of which any may be named, with any options."""

    losses: Mapping[str, Plugin] | None = None
    models: Mapping[str, Plugin] | None = None
    metrics: Mapping[str, Plugin] | None = None
    further: bool = False
    """Whether others may be named besides, with any options."""


ANY = Plugins()


def json_schema(plugins: Plugins = ANY) -> JsonSchemaValue:
    """The schema of a spec that may use these plugins."""
    schema = _repaired(Spec.model_json_schema(schema_generator=_Generator))
    kinds: JsonSchemaValue = schema["$defs"]
    kinds["LossSpec"] = _items(kinds["LossSpec"], "loss", plugins.losses, plugins.further)
    kinds["MetricSpec"] = _items(kinds["MetricSpec"], "metric", plugins.metrics, plugins.further)
    kinds["ModelSpec"] = _model(kinds["ModelSpec"], plugins.models, plugins.further)
    return {"$schema": DIALECT, "title": "stq spec", **schema}


class _Generator(GenerateJsonSchema):
    """Defaults as the spec's text has them."""

    def encode_default(self, dft: object) -> object:
        """A section as its mapping, without what is no key."""
        return super().encode_default(plain(dft))


def _repaired(schema: JsonSchemaValue) -> JsonSchemaValue:
    """What pydantic gives, meaning what it should: it forgets that a bounded tuple is a list, and that names bind."""
    new = {key: value for key, value in schema.items() if key != "title"}
    for key, value in new.items():
        if key in _MAPS_OF_SCHEMAS:
            new[key] = {name: _repaired(each) for name, each in value.items()}
        elif key in ("anyOf", "oneOf", "prefixItems"):
            new[key] = [_repaired(each) for each in value]
        elif key == "items" or (key == "additionalProperties" and isinstance(value, dict)):
            new[key] = _repaired(value)
        elif key == "description":
            new[key] = " ".join(value.split())
    if "minLength" in new and new.get("type") == "array":
        new["minItems"] = new.pop("minLength")
    if "patternProperties" in new:
        new["additionalProperties"] = False
    if "prefixItems" in new:
        new["items"] = False
    return new


def _items(section: JsonSchemaValue, key: str, plugins: Mapping[str, Plugin] | None, further: bool) -> JsonSchemaValue:
    """A loss or a metric: just its name, or a mapping that is closed once the plugin is known."""
    shared = {name: value for name, value in section["properties"].items() if name != "options"}
    if plugins is None:
        anything = {**section, "properties": shared, "additionalProperties": _OPTION}
        return {"oneOf": [shared[key], anything]}
    brief = [name for name, plugin in plugins.items() if not plugin.required]
    whole = [_closed(key, name, shared, plugin, [key]) for name, plugin in plugins.items()]
    if not further:
        return {"oneOf": [{"enum": brief}, *whole]}
    other = {**shared[key], "not": {"enum": list(plugins)}}
    anything = {**section, "properties": {**shared, key: other}, "additionalProperties": _OPTION}
    return {"oneOf": [{"enum": brief}, other, *whole, anything]}


def _model(section: JsonSchemaValue, plugins: Mapping[str, Plugin] | None, further: bool) -> JsonSchemaValue:
    """The ConvLSTM, whose options are keys of the section and whose name may be left out, or a plugin's model."""
    properties = {name: value for name, value in section["properties"].items() if name != "options"}
    own = {**section, "properties": {**properties, "name": {**properties["name"], "const": CONVLSTM}}}
    shared = {name: value for name, value in properties.items() if name in OF_EVERY_MODEL}
    others = {name: plugin for name, plugin in (plugins or {}).items() if name != CONVLSTM}
    known = [own, *(_closed("name", name, shared, plugin, ["name"]) for name, plugin in others.items())]
    if plugins is not None and not further:
        return {"oneOf": known}
    named = {**shared, "name": {**shared["name"], "not": {"enum": [CONVLSTM, *others]}}}
    anything = {**section, "properties": named, "required": ["name"], "additionalProperties": _OPTION}
    return {"oneOf": [*known, anything]}


def _closed(key: str, name: str, shared: JsonSchemaValue, plugin: Plugin, required: list[str]) -> JsonSchemaValue:
    mark = {"const": name, "description": plugin.text} if plugin.text else {"const": name}
    return {
        "type": "object",
        "properties": {**shared, **plugin.options, key: mark},
        "required": [*required, *plugin.required],
        "additionalProperties": False,
    }
