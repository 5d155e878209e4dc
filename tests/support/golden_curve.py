"""The losses of a small run as they once were, so that a change of the numbers does not go unseen.

    python tests/support/golden_curve.py

records them anew in golden_curve.json, where they were meant to change. They are compared exactly where the torch, its
instruction set and the CPU are those of the record and one thread computes; elsewhere the last bits may differ.
"""

import json
import platform
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import torch  # noqa: E402  (the folders had to be on the path first)
from support.interrupted_runs import fifteen_steps, rows_of  # noqa: E402
from support.tiny_runs import tiny_source  # noqa: E402

from stq.app import train  # noqa: E402

RECORD = Path(__file__).with_suffix(".json")
TOLERANCE = 1e-4
"""Of a loss, as a share of it, on another machine: 3e-7 was seen between instruction sets."""


def measured(folder: Path) -> dict[str, object]:
    """The table of the run, and what its last bits depend on."""
    run = train(fifteen_steps(tiny_source(folder)), run_dir=folder / "golden").run
    assert run is not None
    return {
        "torch": torch.__version__,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cpu": cpu(),
        "threads": torch.get_num_threads(),
        "rows": rows_of(run / "metrics.csv"),
    }


def cpu() -> str:
    """The model of the processor, where the system tells."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def compared(found: dict[str, object]) -> tuple[bool, list[str]]:
    """Whether the last bits have to be the same, and what is not as it was."""
    record = json.loads(RECORD.read_text())
    exact = all(record[key] == found[key] for key in ("torch", "instructions", "cpu", "threads"))
    ours, theirs = found["rows"], record["rows"]
    assert isinstance(ours, list)
    if [list(row) for row in ours] != [list(row) for row in theirs]:
        return exact, ["another table"]
    return exact, [
        f"epoch {row['epoch']}, {key}: {row[key]} and not {value}"
        for row, was in zip(ours, theirs, strict=True)
        for key, value in was.items()
        if (row[key] != value if exact else abs(float(row[key]) - float(value)) > TOLERANCE * abs(float(value)))
    ]


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        RECORD.write_text(json.dumps(measured(Path(scratch)), indent=1) + "\n")
