"""`stq compare` and `stq eval --origins` on one tiny spec: runs are made once, and tried on copies."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command_line import SPEC, document, stq, write_spec

from stq.spec import load_spec

FUSE = '''\
import signal
from pathlib import Path
from stq import hookimpl
from stq.losses import Loss, masked_mean


class Fuse(Loss):
    """A mean square error that, told by a file, stops the process or is not a number."""

    name = "fuse"
    updates = ("backbone", "central")

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, forecast, target):
        file = Path(__file__).parent / "fuse"
        word = file.read_text() if file.exists() else ""
        self.calls += 1
        word = word if self.calls > 6 else ""  # the audit of the first step is past
        if word == "stop":
            signal.raise_signal(signal.SIGTERM)
        error = masked_mean((forecast.central - target.values) ** 2, target.valid)
        return error * float("nan") if word == "nan" else error


@hookimpl
def stq_losses():
    return [Fuse]
'''
ARMS = "pruned,joint,save-restore"


@pytest.fixture(scope="module")
def compared_spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny spec, with a loss that can be told to fail."""
    path = write_spec(tmp_path_factory.mktemp("compared"))
    text = SPEC.replace("  - mse\n", "  - mse\n  - {loss: fuse, weight: 0.1}\n").replace("[air, sea]", "[air]")
    path.write_text(text.replace("trainer:", "plugins: [fuse.py]\ntrainer:"))
    (path.parent / "fuse.py").write_text(FUSE)
    return path


@pytest.fixture(scope="module")
def compared(compared_spec: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, str]:
    """The folder of three arms under two seeds, the JSON of the command, and what it told."""
    out = tmp_path_factory.mktemp("out") / "compared"
    result = stq("compare", compared_spec, "--seeds", 2, "--arms", ARMS, "-o", out, "--json")
    assert result.exit_code == 0, result.stderr
    return out, document(result), result.stderr


@pytest.fixture
def folder(compared: tuple[Path, dict, str], tmp_path: Path) -> Path:
    """A copy, to be damaged or continued."""
    return Path(shutil.copytree(compared[0], tmp_path / "copy"))


@pytest.fixture
def fuse(compared_spec: Path) -> Iterator[Path]:
    """What the loss is told; nothing afterwards."""
    file = compared_spec.parent / "fuse"
    yield file
    file.unlink(missing_ok=True)


def test_every_arm_and_seed_is_trained_and_paired(compared: tuple[Path, dict, str]) -> None:
    out, said, told = compared
    assert json.loads((out / "comparison.json").read_text()) == said
    assert [(run["arm"], run["seed"], run["status"], run["epochs"]) for run in said["runs"]] == [
        (arm, seed, "trained", 2) for seed in (1, 2) for arm in ARMS.split(",")
    ]
    assert "[6/6] save-restore seed 2: training" in told
    rows = {(row["arm"], row["figure"], row["horizon"]): row for row in said["differences"]}
    assert {horizon for _, _, horizon in rows} == {None, 1, 2}
    assert {"rmse", "coverage_error", "coverage_error_raw", "coverage_raw", "pinball", "width", "epochs_own"} <= {
        figure for _, figure, _ in rows
    }
    joint = rows["joint", "rmse", 1]
    scores = {run: stq("eval", out / f"{run}-seed-2", "--json") for run in ("pruned", "joint")}
    first, other = (document(scores[run])["scores"][0]["rmse"] for run in ("pruned", "joint"))
    assert joint["differences"][1] == pytest.approx(100 * (other / first - 1))
    assert joint["unit"] == "%"
    assert said["smallest_p"] == 0.5


def test_the_original_recipe_differs_in_nothing(compared: tuple[Path, dict, str]) -> None:
    verdicts = {arm: set() for arm in ("joint", "save-restore")}
    for row in compared[1]["differences"]:
        verdicts[row["arm"]].add(row["verdict"])
    assert verdicts["save-restore"] == {"identical"}
    assert verdicts["joint"] - {"identical"}


def test_finished_runs_are_adopted_and_unfinished_ones_go_on(
    compared: tuple[Path, dict, str], compared_spec: Path, folder: Path
) -> None:
    (folder / "pruned-seed-2" / "calibration.json").unlink()
    for part in ("checkpoints", "calibration.json", "metrics.csv"):  # stopped before its first checkpoint
        path = folder / "joint-seed-2" / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    arguments = ("compare", compared_spec, "--seeds", 2, "--arms", "pruned,joint", "-o", folder)
    planned = document(stq(*arguments, "--dry-run", "--json"))
    assert [run["status"] for run in planned["runs"]] == ["finished", "finished", "unfinished", "new"]
    assert planned["differences"] == []
    said = document(stq(*arguments, "--json"))
    assert [run["status"] for run in said["runs"]] == ["adopted", "adopted", "resumed", "trained"]
    rows = [row for row in compared[1]["differences"] if row["arm"] == "joint"]
    assert said["differences"] == rows
    quiet = stq(*arguments, "--json", "--quiet")
    assert (document(quiet)["differences"], quiet.stderr) == (rows, "")


def test_a_folder_of_another_spec_is_refused(compared_spec: Path, folder: Path) -> None:
    arguments = ("compare", compared_spec, "--seeds", "1,", "--arms", "pruned,joint", "-o", folder)
    result = stq(*arguments, "--set", "optim.lr=0.5")
    assert result.exit_code == 2
    assert "optim.lr is 0.001 there and 0.5 here" in result.stderr
    assert stq(*arguments, "--fixed-epochs").exit_code == 2
    (folder / "pruned-seed-1" / "resolved.yaml").unlink()
    result = stq(*arguments)
    assert result.exit_code == 2
    assert "is not a run" in result.stderr
    assert load_spec(folder / "joint-seed-1" / "resolved.yaml").spec.seed == 1


def test_a_run_that_fails_is_told_and_the_others_go_on(compared_spec: Path, folder: Path, fuse: Path) -> None:
    shutil.rmtree(folder / "pruned-seed-1")
    fuse.write_text("nan")
    result = stq("compare", compared_spec, "--seeds", 2, "--arms", "pruned,joint", "-o", folder)
    assert result.exit_code == 5, result.stderr
    assert "pruned seed 1: failed" in result.stdout
    assert "[4/4] joint seed 2" in result.stdout
    assert "1 of 4 runs failed" in result.stdout
    said = json.loads((folder / "comparison.json").read_text())
    assert [(run["arm"], run["seed"], run["exit_code"]) for run in said["runs"] if run["error"]] == [("pruned", 1, 5)]
    assert {tuple(row["seeds"]) for row in said["differences"]} == {(2,)}
    assert {row["verdict"] for row in said["differences"]} <= {"undecided", "identical"}


def test_a_stopped_comparison_goes_on(
    compared: tuple[Path, dict, str], compared_spec: Path, folder: Path, fuse: Path
) -> None:
    shutil.rmtree(folder / "joint-seed-2")
    fuse.write_text("stop")
    arguments = ("compare", compared_spec, "--seeds", 2, "--arms", "pruned,joint", "-o", folder)
    stopped = stq(*arguments)
    assert stopped.exit_code == 143, stopped.stderr
    assert "joint seed 2: stopped by SIGTERM" in stopped.stderr
    assert "the same `stq compare`" in stopped.stderr
    fuse.unlink()
    said = document(stq(*arguments, "--json"))
    assert [run["status"] for run in said["runs"]] == ["adopted", "adopted", "adopted", "resumed"]
    assert said["differences"] == [row for row in compared[1]["differences"] if row["arm"] == "joint"]


def test_what_can_t_be_compared_is_refused_before_anything_is_trained(compared_spec: Path, workplace: Path) -> None:
    for words, code in (
        (("--arms", "pruned"), 2),
        (("--arms", "pruned,jiont"), 2),
        (("--seeds", "many"), 2),
        (("--seeds", "1,1"), 2),
        (("--split", "tset"), 2),
        (("--set", "trainer.devices=2"), 2),
        (("--origins", "2001-06"), 3),
        (("--origins", "1995-02"), 3),
    ):
        result = stq("compare", compared_spec, *words)
        assert (words, result.exit_code) == (words, code), result.stderr
    assert not any(workplace.iterdir())


def test_origins_move_the_split(compared_spec: Path, workplace: Path) -> None:
    words = ("--seeds", "2,", "--origins", "1997-06,1997-12", "--dry-run", "--json")
    planned = document(stq("compare", compared_spec, *words))
    assert [run["run"] for run in planned["runs"]] == [
        f"runs/compare-tiny/origin-{origin}/{arm}-seed-2"
        for origin in ("1997-06", "1997-12")
        for arm in ("pruned", "joint")
    ]


def test_eval_scores_blocks_of_issue_times(compared: tuple[Path, dict, str]) -> None:
    run = compared[0] / "pruned-seed-1"
    said = document(stq("eval", run, "--origins", 2, "--json"))
    whole = document(stq("eval", run, "--json"))
    assert sum(block["samples"] for block in said["origins"]) == whole["samples"]
    assert said["origins"][0]["last"] < said["origins"][1]["first"]
    for number, row in enumerate(whole["scores"]):
        parts = [block["scores"][number] for block in said["origins"]]
        assert sum(part["n"] for part in parts) == row["n"]
        square = sum(part["n"] * part["rmse"] ** 2 for part in parts) / row["n"]
        assert square == pytest.approx(row["rmse"] ** 2)
        spread = {s["figure"]: s for s in said["spread"] if s["horizon"] == row["horizon"]}
        assert spread["rmse"]["low"] == min(part["rmse"] for part in parts)
    assert "Mean over the 2 blocks" in stq("eval", run, "--origins", 2).stdout
    assert stq("eval", run, "--origins", 50).exit_code == 3
    assert stq("eval", run, "--origins", 1).exit_code == 2
