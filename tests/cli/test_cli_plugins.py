"""Losses of strangers, in a file and in a distribution, through the commands that use them."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest
from support.command_line import document, stq

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_loss.py"


@pytest.fixture
def with_example(spec: Path) -> list[str]:
    """Arguments for a spec whose error of the central forecast is the example's."""
    return [str(spec), "--set", f"plugins=[{EXAMPLE}]", "--set", "losses.mse={loss: charbonnier, epsilon: 0.2}"]


def test_a_loss_of_ones_own_trains_and_is_checked(with_example: list[str]) -> None:
    checked = stq("check-grads", *with_example, "--json")
    assert checked.exit_code == 0, checked.stderr
    cells = {(cell["loss"], cell["group"]): cell["verdict"] for cell in document(checked)["matrix"]}
    assert (cells["charbonnier", "backbone"], cells["charbonnier", "quantiles"]) == ("ok", "none")
    trained = stq("train", *with_example, "--run-dir", "run", "--set", "trainer.max_epochs=1", "--json")
    assert trained.exit_code == 0, trained.stderr
    assert (Path("run") / "plugins" / "0-my_loss.py").read_bytes() == EXAMPLE.read_bytes()
    assert stq("eval", "run").exit_code == 0
    resumed = stq("train", "run", "--resume", "--json")
    assert resumed.exit_code == 0, resumed.stderr


def test_a_copied_plugin_that_was_changed_is_refused(with_example: list[str]) -> None:
    assert stq("train", *with_example, "--run-dir", "run", "--set", "trainer.max_epochs=1").exit_code == 0
    with (Path("run") / "plugins" / "0-my_loss.py").open("a") as file:
        file.write("\n# changed\n")
    result = stq("eval", "run")
    assert result.exit_code == 4
    assert "sha256" in result.stderr


@pytest.mark.skipif(not any(point.name == "huber" for point in entry_points(group="stq")), reason="stq-huber is absent")
def test_an_installed_loss_trains_and_is_checked(spec: Path) -> None:
    changes = [spec, "--set", "losses.mse={loss: huber, delta: 0.5}", "--json"]
    checked, trained = stq("check-grads", *changes), stq("train", *changes, "--dry-run")
    assert (checked.exit_code, trained.exit_code) == (0, 0), checked.stderr
    assert "huber" in {cell["loss"] for cell in document(checked)["matrix"]}
    assert "stq-huber" in stq("losses").stdout
    assert "ok" in stq("plugins", "--check").stdout
