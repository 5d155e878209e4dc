"""The hot paths are no more work than they were: counts in a process of its own, without the shape checks of tests."""

import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from support.work_counts import RECORD, grown

SCRIPT = Path(__file__).parents[1] / "support" / "work_counts.py"


def test_a_step_a_window_and_a_scored_batch_are_no_more_work_than_on_record() -> None:
    """Where more is meant: make bench-counts, and say why in the change."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), "--show"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found = json.loads(done.stdout[done.stdout.index("{") :])
    assert grown(found, json.loads(RECORD.read_text())) == []


@pytest.mark.parametrize("count", ["calls", "own", "operations", "elements"])
def test_a_count_that_grew_by_more_than_a_tenth_is_told(count: str) -> None:
    record = json.loads(RECORD.read_text())
    found = deepcopy(record)
    was = record["paths"]["step"][count]
    found["paths"]["step"][count] = int(1.09 * was)
    assert grown(found, record) == []
    found["paths"]["step"][count] = int(1.12 * was)
    assert grown(found, record) == [f"step: {int(1.12 * was)} {count} and not {was}"]
    found["versions"] = {**found["versions"], "torch": "another"}
    assert bool(grown(found, record)) == (count == "own")
