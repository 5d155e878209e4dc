"""From nothing to a loss of one's own that trains: what the first ten minutes of an author look like."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import document, stq

from stq.testing import tiny_spec

SQUARE = "masked_mean(error.square(), target.valid, target.weight)"


def test_new_then_one_line_edited_then_test_train_and_check_grads(tmp_path: Path) -> None:
    assert stq("losses", "new", "fourth-power", "-o", tmp_path).exit_code == 0
    file = tmp_path / "fourth_power.py"
    text = file.read_text()
    assert text.count(SQUARE) == 1
    file.write_text(text.replace(SQUARE, "masked_mean(error.pow(4), target.valid, target.weight)"))
    tested = stq("losses", "test", file)
    assert (tested.exit_code, "every property holds" in tested.stdout) == (0, True)
    spec = tiny_spec(tmp_path, changes=[("losses: [mse", f"plugins: [{file.name}]\nlosses: [fourth-power")])
    trained = stq("train", spec, "--run-dir", tmp_path / "run", "--json")
    assert trained.exit_code == 0, trained.stderr
    checked = stq("check-grads", tmp_path / "run", "--json")
    assert checked.exit_code == 0, checked.stderr
    cells = {(cell["loss"], cell["group"]): cell["verdict"] for cell in document(checked)["matrix"]}
    assert (cells["fourth-power", "central"], cells["fourth-power", "quantiles"]) == ("ok", "none")


def test_a_new_loss_is_at_most_fifteen_lines_of_code(tmp_path: Path) -> None:
    stq("losses", "new", "brief", "-o", tmp_path)
    tree = ast.parse((tmp_path / "brief.py").read_text())
    documentation = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    lines = (tmp_path / "brief.py").read_text().splitlines()
    assert sum(bool(line.strip()) for at, line in enumerate(lines, 1) if at not in documentation) <= 15


def test_a_new_distribution_has_a_test_that_passes_once_it_is_installed(tmp_path: Path) -> None:
    made = document(stq("losses", "new", "tripled", "--package", "-o", tmp_path, "--json"))
    folder = tmp_path / "stq-tripled"
    files = {str(Path(file).relative_to(folder)) for file in made["files"]}
    assert files == {"pyproject.toml", "README.md", "src/stq_tripled/__init__.py", "tests/test_tripled.py"}
    metadata = folder / "src" / "stq_tripled-0.1.0.dist-info"  # as pip would write it
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stq-tripled\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text("[stq]\ntripled = stq_tripled\n")
    paths = os.pathsep.join([str(folder / "src"), *filter(None, sys.path)])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "tests")]
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=240)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mse", "a loss 'mse' already, of stq"),
        ("My Loss", "no name for a loss"),
        ("1st", "no name for a loss"),
        ("../up", "no name for a loss"),
    ],
)
def test_a_name_that_can_not_be_is_refused(name: str, words: str, tmp_path: Path) -> None:
    result = stq("losses", "new", name, "-o", tmp_path)
    assert result.exit_code == 2
    assert words in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", [[], ["--package"]])
def test_nothing_is_overwritten(package: list[str], tmp_path: Path) -> None:
    assert stq("losses", "new", "mine", *package, "-o", tmp_path).exit_code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = stq("losses", "new", "mine", *package, "-o", tmp_path)
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_loss_that_lacks_a_property_is_told_which_and_exits_with_4(tmp_path: Path) -> None:
    stq("losses", "new", "unmasked", "-o", tmp_path)
    file = tmp_path / "unmasked.py"
    file.write_text(file.read_text().replace(SQUARE, "error.square().mean()"))
    result = stq("losses", "test", file, "--json")
    assert result.exit_code == 4
    answer = document(result)
    assert answer["verdict"] == "fail"
    failed = {each["name"]: each["message"] for each in answer["losses"][0]["properties"] if not each["passed"]}
    assert "target.values in cells that are not valid changes the loss" in failed["masks"]
    assert "properties do not hold" in stq("losses", "test", file).stdout


def test_a_built_in_loss_is_tested_by_name_and_an_unknown_one_gets_a_suggestion() -> None:
    assert stq("losses", "test", "mse").exit_code == 0
    result = stq("losses", "test", "msee")
    assert (result.exit_code, "did you mean 'mse'" in result.stderr) == (2, True)
    missing = stq("losses", "test", "no_such.py")
    assert (missing.exit_code, "there is no file no_such.py" in missing.stderr) == (2, True)


def test_a_file_whose_loss_lacks_what_every_loss_has_fails_its_test(tmp_path: Path) -> None:
    stq("losses", "new", "tagless", "-o", tmp_path)
    file = tmp_path / "tagless.py"
    file.write_text(file.read_text().replace("updates", "groups"))
    result = stq("losses", "test", file)
    assert (result.exit_code, "needs the groups it may update" in result.stderr) == (4, True)


def test_a_loss_is_tested_with_options_and_a_wrong_one_is_shown(tmp_path: Path) -> None:
    stq("losses", "new", "powered", "-o", tmp_path)
    file = tmp_path / "powered.py"
    constructor = (
        "    def __init__(self, power: int) -> None:\n        super().__init__()\n        self.power = power\n\n"
    )
    text = (
        file.read_text()
        .replace("    def forward", constructor + "    def forward")
        .replace("square()", "pow(self.power)")
    )
    file.write_text(text)
    assert stq("losses", "test", file, "--set", "power=4").exit_code == 0
    assert "no dead group" in stq("losses", "test", file, "--set", "power=0").stdout
    for words, said in (
        ([], "has options without a default: add --set power=VALUE"),
        (["power"], "expected key.path=value"),
        (["powr=2", "power=2"], "did you mean 'power'"),
        (["power=two"], "^^^"),
        (["power.a=2"], "--set"),
    ):
        refused = stq("losses", "test", file, *(part for word in words for part in ("--set", word)))
        assert (refused.exit_code, said in refused.stderr) == (2, True), refused.stderr
        assert "Traceback" not in refused.stderr
    file.write_text(
        text.replace("[PoweredLoss]", "[PoweredLoss, Other]") + "\n\nclass Other(PoweredLoss):\n"
        '    """Another."""\n\n    name = "other"\n'
    )
    assert "brings 2 losses" in stq("losses", "test", file, "--set", "power=2").stderr
