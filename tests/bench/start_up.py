"""What small commands cost beside the bare import of torch and Lightning: seconds of the processor, in turns.

    bare        python -c "import torch, pytorch_lightning"
    --help, a spec error, losses, check, check-grads and eval: `stq` on the quickstart; eval scores a run of one epoch

In every round each command runs once, and a ratio is the median over the rounds of that round's ratio. The time of the
processor (user and system) is counted, so that waiting for a machine that others use is not in it.
Run: make bench-start, some 6 minutes. Fails where check-grads is above its target.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

SPEC = Path(__file__).parents[2] / "examples" / "nasa.yaml"
BARE = "import torch, pytorch_lightning"
TARGETS = {"check-grads": 1.6}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="*", help="these commands alone")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-start/start.json"))
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        commands = commands_in(Path(folder), chosen.only)
        for command in commands.values():
            seconds(command)  # writes the bytecode, and warms what the system keeps of files
        rounds = [{name: seconds(command) for name, command in commands.items()} for _ in range(chosen.rounds)]
    ratios = {name: statistics.median(found[name] / found["bare"] for found in rounds) for name in commands}
    for name, ratio in ratios.items():
        print(f"{name:12} {ratio:6.2f}{f'  (target <= {TARGETS[name]})' if name in TARGETS else ''}")
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps({"rounds": rounds, "ratios": ratios}, indent=1) + "\n", encoding="utf-8")
    missed = [name for name, target in TARGETS.items() if ratios.get(name, 0) > target]
    if missed:
        raise SystemExit(f"slower than their targets: {', '.join(missed)}")


def commands_in(folder: Path, only: Sequence[str] | None) -> Mapping[str, Sequence[str]]:
    """What is run, by name; a spec with a mistake and a run to score are made in `folder`."""
    stq = (sys.executable, "-m", "stq")
    typo, run = folder / "typo.yaml", folder / "run"
    typo.write_text(SPEC.read_text(encoding="utf-8").replace("trainer:", "trainr:"), encoding="utf-8")
    commands = {
        "--help": (*stq, "--help"),
        "spec error": (*stq, "check", str(typo)),
        "losses": (*stq, "losses"),
        "check": (*stq, "check", str(SPEC)),
        "check-grads": (*stq, "check-grads", str(SPEC)),
        "eval": (*stq, "eval", str(run)),
    }
    if only is not None:
        commands = {name: command for name, command in commands.items() if name in only}
    if "eval" in commands:
        seconds((*stq, "train", str(SPEC), "--run-dir", str(run), "--quiet", "--set", "trainer.max_epochs=1"))
    return {"bare": (sys.executable, "-c", BARE), **commands}


def seconds(command: Sequence[str]) -> float:
    """Time of the processor that a command takes, with the bytecode kept as it is for a user."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    if done.returncode not in (0, 2):  # 2 is what the mistake in a spec comes to
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
