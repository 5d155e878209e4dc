"""The one JSON document of a command."""

import json
from collections.abc import Mapping


def json_text(document: object) -> str:
    """The document as JSON that every parser takes: ASCII, null for NaN and infinities, text for what has no type."""
    return json.dumps(plain(document), indent=2, allow_nan=False)


def plain(value: object) -> object:
    """The same of mappings, lists, texts and finite numbers alone."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if value - value == 0 else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)
