"""A signal in the middle of training loses nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from support.checkpoints import last_state
from support.command_line import document, stq


def test_sigterm_saves_a_checkpoint_and_resume_goes_on(spec: Path, workplace: Path) -> None:
    command = [sys.executable, "-m", "stq", "train", str(spec), "--run-dir", "run"]
    command += ["--set", "trainer.max_epochs=15", "--set", "trainer.patience=null"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if line.startswith("epoch"):
                process.send_signal(signal.SIGTERM)
                break
        told = process.stderr.read()
    assert process.returncode == 143, told
    assert len(told.splitlines()) == 1
    assert "SIGTERM" in told
    assert "--resume" in told
    assert last_state(Path("run")).is_file()
    rows = len(Path("run/metrics.csv").read_text().splitlines())
    assert rows < 15
    resumed = stq("train", "run", "--resume", "--json")
    assert (resumed.exit_code, document(resumed)["epochs"]) == (0, 15)
    assert "going on after epoch" in resumed.stderr
    assert len(Path("run/metrics.csv").read_text().splitlines()) == 16
