"""A signal in the middle of training loses nothing."""

import os
import shutil
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


def test_the_same_command_starts_a_run_and_goes_on_with_it(spec: Path) -> None:
    """As a job does that is queued again: before its first checkpoint, after it, and when the run is done."""
    command = ("train", spec, "--run-dir", "run", "--resume", "--json")

    def outcome() -> dict[str, object]:
        return {key: value for key, value in document(stq(*command)).items() if key != "notes"}

    first = outcome()
    run = Path("run")
    metrics = (run / "metrics.csv").read_text()
    assert outcome() == first
    assert (run / "metrics.csv").read_text() == metrics
    for path in run.iterdir():
        if path.name not in ("spec.yaml", "resolved.yaml"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    other = stq(*command, "--set", "seed=8")
    assert other.exit_code == 2
    assert "differs" in other.stderr
    assert outcome() == first
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").mkdir()
    (run / "kept.txt").write_text("not a run's")
    (run / "resolved.yaml").unlink()
    assert stq(*command).exit_code == 2


FORKED = """
import os, signal
from stq.cli._signals import listen
listen()
if os.fork():
    print(signal.Signals(os.WTERMSIG(os.wait()[1])).name)
else:
    os.kill(os.getpid(), signal.SIGUSR1)
    print("not at the first", flush=True)
    os.kill(os.getpid(), signal.SIGUSR1)
"""


def test_a_worker_that_has_only_begun_leaves_the_first_signal_to_its_command() -> None:
    """Else multiprocessing prints where the worker was."""
    result = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert (result.stdout.splitlines(), result.stderr) == (["not at the first", "SIGUSR1"], "")
