"""`stq report` on the command line: where the page goes, and its exit codes."""

import shutil
from pathlib import Path

import pytest
from support.command_line import Trained, document, stq


def test_the_page_goes_into_the_run_and_is_written_anew(run_copy: Path) -> None:
    said = document(stq("report", run_copy, "--json"))
    page = run_copy / "report.html"
    assert said == {"path": str(page), "bytes": page.stat().st_size, "runs": [str(run_copy)], "split": "test"}
    page.write_text("old")
    shown = stq("report", run_copy)
    assert shown.exit_code == 0
    assert "wrote" in shown.stdout
    assert "<title>tiny: stq report</title>" in page.read_text()
    assert not list(run_copy.glob("*.part"))


def test_several_runs_go_where_they_are_told(trained: Trained, tmp_path: Path) -> None:
    other = shutil.copytree(trained.run, tmp_path / "other")
    assert stq("report", trained.run, other, "-o", "new/both.html", "--split", "val").exit_code == 0
    text = Path("new/both.html").read_text()
    assert "2 runs compared" in text
    assert "val part" in text
    assert not (trained.run / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("-o", "page.txt"), 2, "ends in .html"),
        (("--split", "tomorrow"), 2, "no split 'tomorrow'"),
        (("-o", "a file/page.html"), 74, "can't be written"),
    ],
)
def test_mistakes_leave_with_their_exit_code(
    trained: Trained, arguments: tuple[str, ...], code: int, message: str
) -> None:
    Path("a file").write_text("")
    result = stq("report", trained.run, *arguments)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())


def test_several_runs_need_a_place_and_none_may_be_named_twice(trained: Trained, run_copy: Path) -> None:
    nowhere = stq("report", trained.run, run_copy)
    assert (nowhere.exit_code, "-o" in nowhere.stderr) == (2, True)
    twice = stq("report", run_copy, run_copy, "-o", "page.html")
    assert (twice.exit_code, "named twice" in twice.stderr) == (2, True)


def test_a_damaged_record_of_training_is_a_failed_check(run_copy: Path) -> None:
    (run_copy / "metrics.csv").write_text("epoch,step\none,2\n")
    result = stq("report", run_copy)
    assert result.exit_code == 4
    assert "metrics.csv" in result.stderr
