"""Quiet, verbose, colours and completion."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import document, stq
from typer.testing import CliRunner

from stq.cli import app

COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")


def test_quiet_training_prints_the_result_alone(spec: Path, workplace: Path) -> None:
    loud, quiet, verbose = (
        stq("train", spec, "--set", "trainer.max_epochs=1", "--run-dir", f"run{flag}", *([flag] if flag else []))
        for flag in ("", "-q", "-v")
    )
    assert (loud.exit_code, quiet.exit_code, verbose.exit_code) == (0, 0, 0)
    assert "epoch 1/1" in loud.stdout
    assert "epoch 1/1" not in quiet.stdout
    assert "windows" not in quiet.stdout
    assert len(quiet.stdout.splitlines()) < len(loud.stdout.splitlines())
    assert quiet.stdout.split()[-3:] == [*loud.stdout.split()[-3:-1], "run-q"]
    steps = re.findall(r"^  epoch 1/1 .*  step +(\d+)  mse [\d.]+  laplacian", verbose.stdout, re.MULTILINE)
    assert [int(step) for step in steps] == list(range(1, len(steps) + 1))
    assert len(steps) > 1
    rows = [len(Path(f"run{flag}", "metrics.csv").read_text().splitlines()) for flag in ("", "-v")]
    assert rows[0] == rows[1]
    assert stq("train", spec, "-q", "-v").exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["train", "--help"], ["plugins"], ["losses"], ["check", "SPEC"], ["check", "gone.yaml"], ["nosuch"]],
    ids=" ".join,
)
def test_colours_are_left_out_where_they_are_not_wanted(
    spec: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [str(spec) if word == "SPEC" else word for word in arguments]
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    plain = stq(*words)
    assert not COLOUR.search(plain.stdout + plain.stderr)
    monkeypatch.delenv("NO_COLOR")
    if words[0] in ("check", "nosuch"):
        coloured = stq(*words)
        assert COLOUR.search(coloured.stdout + coloured.stderr)


def completed(*words: str) -> list[str]:
    """What a shell offers for the last of the words."""
    asked = {"_STQ_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    return CliRunner(env={**os.environ, **asked}).invoke(app, [], prog_name="stq").stdout.split()


def test_a_shell_completes_commands_options_losses_and_models() -> None:
    assert {"check", "check-grads"} <= set(completed("stq", "che"))
    assert completed("stq", "losses", "s") == ["show"]
    assert completed("stq", "losses", "show", "p") == ["pinball"]
    assert completed("stq", "models", "show", "c") == ["convlstm"]
    assert "--resume" in completed("stq", "train", "--res")


def test_completion_is_shown_and_installed_for_the_shell_that_asks(workplace: Path) -> None:
    environment = {**os.environ, "HOME": str(workplace), "PYTHON": sys.executable}
    asked = '"$PYTHON" -m stq --show-completion; "$PYTHON" -m stq --install-completion; echo $?'
    result = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, env=environment, check=True)
    assert "_STQ_COMPLETE=complete_bash" in result.stdout
    assert result.stdout.endswith("0\n")
    assert (workplace / ".bash_completions" / "stq.sh").is_file()


def test_check_says_which_stages_held_and_json_stays_one_document(spec: Path) -> None:
    said = stq("check", spec, "--build")
    assert [line.split() for line in said.stdout.splitlines()[:5]] == [
        ["ok", stage] for stage in ("text", "plugins", "data", "network", "batch")
    ]
    assert "memory     about" in said.stdout
    assert "Python and torch themselves 400.0 MiB" in " ".join(said.stdout.split())
    result = stq("check", spec, "--json")
    assert document(result)["gradients"] is None
    assert document(result)["memory"]["fits"] is True
    assert "ok  data" in result.stderr
    wrong = stq("check", spec, "--set", "losses.mse.weigth=1")
    assert wrong.exit_code == 2
    assert wrong.stdout.split() == ["ok", "text"]
