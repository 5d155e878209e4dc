"""Damaged specs, a few hundred of those of `make fuzz-spec`."""

import runpy
from pathlib import Path

FUZZ = runpy.run_path(str(Path(__file__).parents[1] / "bench" / "fuzz_spec.py"))["fuzz"]


def test_a_damaged_spec_is_read_or_refused_at_a_place_and_at_once() -> None:
    outcomes, wrong = FUZZ(300, seed=6)
    assert not wrong, wrong[0]
    assert sum(outcome.refused for outcome in outcomes) > 200
