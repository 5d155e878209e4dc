"""The mutants that no test kills, and why that is well: survivors.md."""

import re
from pathlib import Path

LIST = Path(__file__).parent / "survivors.md"
_LINE = re.compile(r"- `(.+)`: (equivalent|not worth a test): (.+)")


def excused() -> dict[str, tuple[str, str]]:
    """By the key of a mutant: "equivalent" or "not worth a test", and the reason."""
    found = (_LINE.fullmatch(line) for line in LIST.read_text().splitlines())
    return {line[1]: (line[2], line[3]) for line in found if line}
