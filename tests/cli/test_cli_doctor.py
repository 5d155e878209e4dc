"""`stq doctor` and `stq runs`: the machine, and what was trained on it."""

import shutil
from pathlib import Path

import pytest
from support.command_line import Trained, document, stq

from stq.app import doctor


def test_doctor_looks_at_every_core_package_and_finds_them_sound() -> None:
    result = stq("doctor", "--json")
    assert result.exit_code == 0, result.stdout
    found = {row["name"]: row for row in document(result)["findings"]}
    assert found.keys() >= {"stq", "python", "torch", "pytorch-lightning", "xarray", "threads", "runs go to"}
    assert found["torch"]["state"] == "ok"
    assert "pass" in stq("doctor").stdout or "warning" in stq("doctor").stdout


@pytest.mark.parametrize(
    ("name", "there", "words"),
    [
        ("pytorch-lightning", "2.6.3", "malicious"),
        ("torch", "1.13.0", "stq needs torch>=2.10"),
        ("rich", None, "needs"),
    ],
)
def test_a_package_that_is_bad_old_or_missing_is_a_fault(
    name: str, there: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib.metadata import PackageNotFoundError, version

    def altered(asked: str) -> str:
        if asked == name and there is None:
            raise PackageNotFoundError(asked)
        return there if asked == name and there is not None else version(asked)

    monkeypatch.setattr("stq.app._doctor.version", altered)
    finding = next(row for row in doctor().findings if row.name == name)
    assert finding.state == "fault"
    assert words in finding.advice
    assert stq("doctor").exit_code == 4


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    finding = next(row for row in doctor(tmp_path / "gone").findings if row.name == "runs go to")
    assert (finding.state, "gone" in finding.found) == ("fault", True)


def test_runs_are_listed_with_how_far_they_came(trained: Trained, workplace: Path) -> None:
    whole = shutil.copytree(trained.run, workplace / "runs" / "whole")
    begun = shutil.copytree(trained.run, workplace / "runs" / "sub" / "begun")
    broken = shutil.copytree(trained.run, workplace / "runs" / "broken")
    (begun / "outcome.json").unlink()
    (broken / "resolved.yaml").write_text("stq: [")
    rows = {Path(row["run"]).name: row for row in document(stq("runs", "--json"))["runs"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        "whole": "trained",
        "begun": "not finished",
        "broken": "damaged",
    }
    assert rows["whole"]["val_central"] == pytest.approx(trained.said["best"]["val_central"])
    assert (rows["whole"]["epochs"], rows["whole"]["engine"], rows["whole"]["calibrated"]) == (2, "pruned", True)
    assert str(whole.relative_to(workplace)) in stq("runs").stdout
    assert stq("runs", "nowhere").exit_code == 2
    Path("empty").mkdir()
    assert stq("runs", "empty").stdout.strip() == "no runs"
