"""Texts and JSON documents of runs and stores, read so that none, however meant, takes long or much memory."""

import json
import os
from pathlib import Path
from typing import Any

LARGEST = 16 * 2**20
"""Bytes of the largest document that is read; those that stq writes have a few thousand, with many strata a million."""
_MOST = 1_000_000
"""Values of the largest JSON document."""


def read_text(path: Path, most: int = LARGEST) -> str:
    """The text of a file. Raises OSError; ValueError where it is no file, no UTF-8, or of more than `most` bytes."""
    if path.exists() and not path.is_file():
        raise ValueError("expected a file, found something else")
    with path.open("rb") as file:
        content = file.read(min(os.fstat(file.fileno()).st_size, most) + 1)
    if len(content) > most:
        raise ValueError(f"expected at most {most} bytes, found more")
    return content.decode("utf-8")


def parse_json(text: str) -> Any:
    """What a JSON text says. Raises ValueError where it is none, or is larger or deeper than any that stq writes."""
    if len(text) > LARGEST or sum(map(text.count, "[{,:")) > _MOST:
        raise ValueError(f"expected a document of at most {_MOST} values, found a larger one")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("expected a document, found endless nesting") from None
