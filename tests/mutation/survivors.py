"""The mutants that no test kills, and why that is well: survivors.md."""

import re
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).parent / "survivors.md"
EQUIVALENT = "equivalent"
_LINE = re.compile(r"- `(?P<key>.+)`: (?P<kind>equivalent|not worth a test): (?P<reason>.+)")


@dataclass(frozen=True)
class Excuse:
    """`kind`: equivalent, as no program can tell it from what it was made of, or not worth a test."""

    kind: str
    reason: str


def excuses() -> dict[str, Excuse]:
    """By the key of a mutant."""
    found = (_LINE.fullmatch(line) for line in LIST.read_text().splitlines())
    return {line["key"]: Excuse(line["kind"], line["reason"]) for line in found if line}
