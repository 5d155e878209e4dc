"""The one JSON document of a command."""

import json
from collections.abc import Mapping


def json_text(document: object) -> str:
    """The document as JSON that every parser takes: ASCII, null for NaN and infinities, text for what has no type."""
    return json.dumps(_plain(document), indent=2, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if value - value == 0 else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)
