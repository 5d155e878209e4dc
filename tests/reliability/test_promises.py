"""The short form of every promise of docs/reliability.md; `make reliability` makes all trials."""

from pathlib import Path

import pytest
from reliability.promise import Promise, all_promises


@pytest.mark.parametrize("promise", [*all_promises()], ids=lambda promise: promise.name)
def test_the_promise_holds(promise: Promise, tmp_path: Path) -> None:
    tally = promise.check(promise.short, tmp_path)
    assert not tally.broken, "\n".join(tally.broken)
    assert tally.tried >= promise.short
