"""What a person reads."""

import logging
import re
from pathlib import Path

from support.command_line import Trained, stq

from stq import __version__


def test_training_off_a_terminal_is_one_line_an_epoch(trained: Trained) -> None:
    epochs = [line for line in trained.told.splitlines() if line.startswith("epoch")]
    number = r"[\d.e+-]+"
    form = rf"epoch (\d)/2  step +(\d+)  mse {number}  laplacian {number}  pinball {number}  val_central {number}  lr"
    found = [re.match(form, line) for line in epochs]
    assert [(match[1], match[2]) for match in found if match] == [("1", "5"), ("2", "10")]
    assert epochs[0].endswith("*")
    for words in ("windows    train", "engine     pruned", "groups     backbone", "training on cpu"):
        assert words in trained.told


def test_training_ends_with_the_place_and_the_next_commands(spec: Path, workplace: Path) -> None:
    result = stq("train", spec, "--set", "trainer.max_epochs=1")
    run = next(Path("runs").iterdir())
    assert result.exit_code == 0
    assert result.stderr == ""
    assert re.fullmatch(r"tiny-\d{8}-\d{6}-[0-9a-f]{8}", run.name)
    last = [line.strip() for line in result.stdout.splitlines()[-3:]]
    assert last == [f"run        {run}", f"next       stq check-grads {run}", f"stq eval {run}"]


def test_results_go_to_standard_output_as_tables(trained: Trained) -> None:
    scores, audit = stq("eval", trained.run), stq("check-grads", trained.run)
    assert (scores.exit_code, audit.exit_code) == (0, 0)
    assert scores.stderr == audit.stderr == ""
    assert "air, K" in scores.stdout
    assert "by chance" in scores.stdout
    assert "blocked" in audit.stdout
    assert "verdict    pass" in audit.stdout
    assert scores.stdout.isascii()
    assert audit.stdout.isascii()


def test_help_and_version_answer(trained: Trained) -> None:
    assert stq("--version").stdout == f"stq {__version__}\n"
    assert stq().stdout == stq("--help").stdout
    assert "mse" in stq("losses", "list").stdout
    assert stq("losses").stdout == stq("losses", "list").stdout
    assert "updates" in stq("losses", "show", "pinball").stdout or "may update" in stq("losses", "show", "mse").stdout


def test_lightning_keeps_its_words_to_itself(trained: Trained) -> None:
    talkers = [
        name
        for name, logger in logging.root.manager.loggerDict.items()
        if name.startswith(("pytorch_lightning.", "lightning_fabric."))
        and isinstance(logger, logging.Logger)
        and logger.isEnabledFor(logging.INFO)
    ]
    assert talkers == []
    assert not re.search("GPU|litlogger|Trainer", trained.told)
