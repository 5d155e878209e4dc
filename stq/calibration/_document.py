"""JSON documents that show when they were damaged."""

import hashlib
import json

from stq.documents import parse_json
from stq.errors import CheckFailed


def seal(kind: str, content: dict[str, object]) -> str:
    """A JSON document of `content`, with what kind of thing it is and a checksum over it."""
    return json.dumps({"kind": kind, "sha256": _checksum(content), "content": content}, indent=1, allow_nan=False)


def unseal(kind: str, text: str) -> dict[str, object]:
    """The content of a document that `seal` made. Raises CheckFailed where that isn't what comes out."""
    try:
        document = parse_json(text)
    except ValueError as error:
        raise CheckFailed(f"the {kind} can't be read: {error}") from error
    if not isinstance(document, dict) or set(document) != {"kind", "sha256", "content"} or document["kind"] != kind:
        raise CheckFailed(f"this is not a {kind}")
    content = document["content"]
    if not isinstance(content, dict) or _checksum(content) != document["sha256"]:
        raise CheckFailed(f"the {kind} is damaged: its checksum doesn't fit")
    return content


def _checksum(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
