"""Help, version, plugins and mistakes in a spec are answered before anything heavy is imported."""

import os
import re
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.command_line import SPEC

HEAVY = {"torch", "numpy", "xarray", "zarr", "pytorch_lightning", "netCDF4", "scipy", "torchmetrics"}

COMMANDS = (
    ["--version"],
    ["plugins"],
    ["train", "--help"],
    ["train", "typo.yaml"],
    ["train", "gone.yaml", "--json"],
    ["check", "fine.yaml", "--set", "optim.lr=fast"],
    ["check-grads", "typo.yaml"],
    ["eval", "typo.yaml"],
    ["compare", "typo.yaml"],
    ["init", "--help"],
    ["data", "inspect", "--help"],
    ["models", "show", "--help"],
)

ASK = f"""
import sys
from stq.cli import app
for arguments in {COMMANDS}:
    try:
        app(arguments, prog_name="stq")
    except SystemExit as left:
        print(*arguments, "->", left.code, sorted({HEAVY} & set(sys.modules)))
"""


def test_help_imports_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "stq", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in result.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & HEAVY
    for name in ("train", "eval", "check-grads", "check", "losses", "models", "plugins", "init", "data"):
        assert re.search(rf"\b{name}\b", result.stdout)


def test_the_text_of_a_spec_is_judged_before_anything_heavy_is_imported(workplace: Path) -> None:
    Path("fine.yaml").write_text(SPEC)
    Path("typo.yaml").write_text(SPEC.replace("trainer:", "trainr:"))
    result = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    codes = [line.partition(" -> ")[2] for line in result.stdout.splitlines() if " -> " in line]
    assert codes == ["0 []", "0 []", "0 []", "2 []", "2 []", "2 []", "2 []", "2 []", "2 []", "0 []", "0 []", "0 []"], (
        result.stdout + result.stderr
    )
    assert "stq 0." in result.stdout


def test_a_closed_pipe_is_silent_and_a_full_disk_is_told() -> None:
    shell = ['python() { "$0" "$@"; }; python -m stq plugins | true; echo "${PIPESTATUS[0]}"']
    shell += ['python -m stq plugins > /dev/full; echo "$?"; python -m stq plugins --json > /dev/full; echo "$?"']
    command = ["bash", "-c", "; ".join(shell), sys.executable]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["141", "74", "74"]
    assert len(result.stderr.splitlines()) == 4
    assert result.stderr.count("No space left on device") == 2


ROUNDS = 4
"""Series of measurements before a ratio is believed to be too high: on a loaded machine one may be."""


def seconds(command: Sequence[str]) -> float:
    """Time of the processor that a command takes; waiting for a loaded machine is not in it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio(command: Sequence[str], times: int = 5) -> float:
    """Median time of the command against that of `python -c pass`, taken in turns."""
    pairs = [(seconds([sys.executable, *command]), seconds([sys.executable, "-c", "pass"])) for _ in range(times)]
    return statistics.median(one for one, _ in pairs) / statistics.median(other for _, other in pairs)


@pytest.mark.parametrize(("arguments", "most"), [(["--help"], 15), (["check", "typo.yaml"], 30)], ids=["help", "typo"])
def test_start_up_is_a_few_times_that_of_python(workplace: Path, arguments: list[str], most: int) -> None:
    """Measured on a loaded machine were 11 to 12 and 26 to 28."""
    Path("typo.yaml").write_text(SPEC.replace("trainer:", "trainr:"))
    found = []
    for _ in range(ROUNDS):
        found.append(ratio(["-m", "stq", *arguments]))
        if found[-1] <= most:
            return
    pytest.fail(f"{min(found):.1f} times python -c pass, and {most} is the most: {found}")
