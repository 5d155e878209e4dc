"""The exit code tells a script what happened."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkpoints import best_state
from support.command_line import Trained, document, stq

import stq.app._train as training
from stq.cli._failure import failure_of
from stq.errors import DiskError, Stopped

BREAKS_LATER = '''
from stq import hookimpl
from stq.losses import Loss, masked_mean


class BreaksLater(Loss):
    """Finite in its first two steps and NaN from the third."""

    name = "breaks_later"
    updates = ("backbone", "central")

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def forward(self, forecast, target):
        self.steps += self.training
        value = masked_mean((forecast.central - target.values) ** 2, target.valid)
        return value * float("nan") if self.steps > 2 else value


@hookimpl
def stq_losses():
    return [BreaksLater]
'''


def test_the_joint_engine_leaks_with_exit_code_4_and_trains_all_the_same(spec: Path) -> None:
    result = stq("check-grads", spec, "--engine", "joint", "--json")
    said = document(result)
    assert (result.exit_code, said["verdict"]) == (4, "leak")
    leaks = [(cell["loss"], cell["group"]) for cell in said["matrix"] if cell["verdict"] == "leak"]
    assert leaks == [("pinball", "backbone")]
    assert any("pinball" in problem and "backbone" in problem for problem in said["problems"])
    trained = stq("train", spec, "--dry-run", "--set", "routing.engine=joint", "--json")
    assert (trained.exit_code, document(trained)["gradients"]) == (0, "leak")


def test_a_loss_that_becomes_nan_stops_training_by_name_with_exit_code_5(spec: Path, workplace: Path) -> None:
    Path("breaks.py").write_text(BREAKS_LATER)
    changes = ["--set", f"plugins=[{workplace / 'breaks.py'}]", "--set", "losses.mse.loss=breaks_later"]
    result = stq("train", spec, *changes, "--run-dir", "run", "--json")
    assert (result.exit_code, document(result)["error"]["code"]) == (5, 5)
    assert "breaks_later" in document(result)["error"]["message"]
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("value = masked_mean", "value = forecast.centrall or masked_mean"), "AttributeError"),
        (("def forward", "def setup(self, context): context.nothing\n\n    def forward"), "nothing"),
    ],
    ids=["in its forward", "in its setup"],
)
def test_a_mistake_in_a_loss_of_the_users_own_is_not_a_bug_in_stq(
    spec: Path, workplace: Path, change: tuple[str, str], words: str
) -> None:
    Path("wrong.py").write_text(BREAKS_LATER.replace(*change))
    changes = ["--set", f"plugins=[{workplace / 'wrong.py'}]", "--set", "losses.mse.loss=breaks_later"]
    result = stq("train", spec, *changes, "--run-dir", "run", "--json")
    assert result.exit_code == 2
    assert "the loss 'breaks_later' failed" in document(result)["error"]["message"]
    assert words in result.stderr
    assert not Path("run").exists()


def test_a_closed_standard_output_is_no_crash() -> None:
    command = f'"{sys.executable}" -m stq losses show msee >&-'
    done = subprocess.run(command, shell=True, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no loss 'msee'")


def test_a_dead_loss_is_refused_before_the_first_step_with_exit_code_4(spec: Path, workplace: Path) -> None:
    dead = BREAKS_LATER.replace("self.steps > 2", "False").replace("forecast.central -", "forecast.central.round() -")
    Path("dead.py").write_text(dead)
    changes = ["--set", f"plugins=[{workplace / 'dead.py'}]", "--set", "losses.mse.loss=breaks_later"]
    checked = stq("check-grads", spec, *changes, "--json")
    assert (checked.exit_code, document(checked)["verdict"]) == (4, "dead")
    trained = stq("train", spec, *changes, "--run-dir", "run", "--json")
    assert (trained.exit_code, document(trained)["error"]["code"]) == (4, 4)
    assert not Path("run").exists()


@pytest.mark.parametrize("content", [b"damaged", b"[]"])
@pytest.mark.parametrize("name", ["state.ckpt", "manifest.json", "environment.json"])
def test_a_damaged_run_is_exit_code_4_and_named(run_copy: Path, name: str, content: bytes) -> None:
    folder = run_copy if name == "environment.json" else best_state(run_copy).parent
    (folder / name).write_bytes(content)
    result = stq("eval", run_copy, "--json")
    assert (result.exit_code, document(result)["error"]["code"]) == (4, 4)
    assert name in result.stderr


def test_a_run_is_not_trained_over(trained: Trained) -> None:
    before = (trained.run / "metrics.csv").read_bytes()
    result = stq("train", trained.spec, "--run-dir", trained.run, "--json")
    assert result.exit_code == 2
    assert "--resume" in result.stderr
    assert (trained.run / "metrics.csv").read_bytes() == before


def test_a_resumed_run_keeps_its_spec(spec: Path) -> None:
    short = ["--set", "trainer.max_epochs=1", "--json"]
    assert stq("train", spec, "--run-dir", "run", *short).exit_code == 0
    same = stq("train", spec, "--run-dir", "run", "--resume", *short)
    assert (same.exit_code, document(same)["steps"]) == (0, 5), same.stderr
    other = stq("train", spec, "--run-dir", "run", "--resume", "--set", "optim.lr=0.5", *short)
    assert (other.exit_code, document(other)["error"]["code"]) == (2, 2)
    assert "optim.lr: 0.001 then, 0.5 now" in document(other)["error"]["message"]
    longer = stq("train", spec, "--run-dir", "run", "--resume", "--set", "trainer.max_epochs=2", "--json")
    assert (longer.exit_code, "depends on the length" in longer.stderr) == (2, True)
    logged = stq("train", spec, "--run-dir", "run", "--resume", *short, "--set", "trainer.log_every_n_steps=3")
    note = "the run goes on with another trainer.log_every_n_steps: 10 then, 3 now"
    assert logged.exit_code == 0
    assert f"note: {note}" in logged.stderr
    assert document(logged)["notes"][0] == note


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Stopped(15, "stopped"), 143),
        (KeyboardInterrupt(), 130),
        (DiskError("no room"), 74),
        (OSError(errno.ENOSPC, "No space left on device", "best.ckpt"), 74),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 74),
        (BrokenPipeError(), 141),
        (ZeroDivisionError("division by zero"), 1),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(error: BaseException, code: int) -> None:
    assert failure_of(error).exit_code == code


def test_a_bug_is_one_line_and_debug_shows_where(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(training, "assemble", broken)
    result = stq("train", spec, "--json")
    assert (result.exit_code, document(result)["error"]["kind"]) == (1, "ZeroDivisionError")
    assert "a bug in stq: ZeroDivisionError: division by zero" in result.stderr
    assert "--debug" in result.stderr
    assert "Traceback" not in result.output
    assert "Traceback" in stq("train", spec, "--debug").stderr


def test_ctrl_c_before_training_is_exit_code_130(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "assemble", interrupted)
    result = stq("train", spec, "--json")
    assert (result.exit_code, document(result)["error"]["code"]) == (130, 130)


def test_the_traceback_of_a_worker_is_reduced_to_its_last_line() -> None:
    told = "Caught DataError in worker 0.\nTraceback (most recent call last):\n  File x\nstq.errors.DataError: gone"
    assert failure_of(RuntimeError(told)).message == "a bug in stq: RuntimeError: DataError: gone"
