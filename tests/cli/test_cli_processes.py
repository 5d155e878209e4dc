"""Several processes under one command: one talks and writes, all stop together."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from support.checkpoints import last_state

from stq.app import RunFolder, evaluate

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
}


def test_a_command_starts_its_second_process_and_a_signal_to_the_first_ends_both(spec: Path, workplace: Path) -> None:
    command = [sys.executable, "-m", "stq", "train", str(spec), "--run-dir", "run", "--set", "trainer.devices=2"]
    command += ["--set", "trainer.max_epochs=500", "--set", "trainer.patience=null"]
    lines = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            lines.append(line)
            if line.startswith("epoch"):
                process.send_signal(signal.SIGTERM)
                break
        lines += process.stdout.readlines()  # ends when the second process, which has the same output, is gone too
        told = process.stderr.read()
    assert process.returncode == 143, told
    assert "stopped by SIGTERM" in told
    assert len(told.splitlines()) == 1, told
    said = [line for line in lines if line.startswith(("training on", "gradients", "run "))]
    assert len(said) == 3
    assert last_state(Path("run")).is_file()
    assert list(workplace.iterdir()) == [workplace / "run"]


def test_the_page_on_several_processes_does_what_it_says(workplace: Path) -> None:
    """Its commands, as they stand; and its scores are those of a single process."""
    (commands,) = re.findall(r"```sh\n(.*?)```", (ROOT / "examples" / "slurm.md").read_text(), flags=re.DOTALL)
    (workplace / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run(
        ["bash", "-ec", commands.replace("eval runs/", "eval --json runs/")],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("training on cpu") == 1
    assert done.stdout.count('"scores"') == 1
    (said,) = re.findall(r'"rmse": ([\d.]+)', done.stdout)[:1]
    run = workplace / "runs" / "two-processes"
    assert float(said) == evaluate(RunFolder(run)).scores[0].rmse
