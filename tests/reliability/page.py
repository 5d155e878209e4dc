"""docs/reliability.md, from the promises and what came of their trials."""

import json
from collections.abc import Iterable
from pathlib import Path

from reliability.promise import Promise

HEAD = """# Reliability

What stq promises when something goes wrong, and how often each promise was put to the test. Every line is a function
under `tests/reliability/` that breaks things on purpose. `make reliability` makes all the trials and writes this page;
`make test` makes the first few of each.

| promise | trials | broken | |
|---|---:|---:|---|
"""


def page(promises: Iterable[Promise], outcomes: Path) -> str:
    """The page; a promise whose trials have not been made says so."""
    return HEAD + "".join(row(promise, outcomes / f"{promise.name}.json") for promise in promises)


def row(promise: Promise, outcome: Path) -> str:
    """One line of the table."""
    if not outcome.is_file():
        return f"| {promise.text} | not run | | |\n"
    found = json.loads(outcome.read_text())
    return f"| {promise.text} | {found['tried']:,} | {len(found['broken'])} | {found['figures']} |\n"
