"""The quickstart keeps its promises, and the README shows what it prints."""

import re
from pathlib import Path

import pytest

from stq.app import EvaluateResult, RunFolder, TrainResult, evaluate, train
from stq.spec import load_spec

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return train(load_spec(ROOT / "examples" / "nasa.yaml"), run_dir=tmp_path_factory.mktemp("quickstart") / "run")


@pytest.fixture(scope="module")
def result(run: TrainResult) -> EvaluateResult:
    assert run.run is not None
    return evaluate(RunFolder(run.run))


def test_every_horizon_beats_persistence_and_climatology(result: EvaluateResult) -> None:
    assert {(score.variable, score.horizon) for score in result.scores} == {
        (variable, horizon) for variable in ("ozone", "temperature") for horizon in (1, 2, 3, 4)
    }
    for score in result.scores:
        assert score.skill_persistence is not None
        assert score.skill_climatology is not None
        assert score.skill_persistence > 0, score
        assert score.skill_climatology > 0, score


def test_the_calibrated_band_covers_and_never_crosses(result: EvaluateResult) -> None:
    assert result.calibrated
    for score in result.scores:
        assert score.coverage is not None
        assert 0.90 <= score.coverage <= 0.99, score
        assert score.crossing_rate == 0


def test_the_audit_proves_the_isolation(run: TrainResult) -> None:
    audit = run.audit.audit
    cells = {(cell.loss, cell.group): cell for cell in audit.cells}
    assert audit.verdict == "pass"
    assert audit.reference_difference == 0.0
    assert cells["pinball", "backbone"].verdict == "blocked"
    assert cells["pinball", "backbone"].raw_norm > 0
    assert cells["pinball", "central"].verdict == "none"
    assert cells["pinball", "backbone"].applied_norm == cells["pinball", "central"].applied_norm == 0.0


def test_the_readme_shows_these_scores(result: EvaluateResult) -> None:
    """Within 3 %, and 0.03 of a skill: another processor rounds differently."""
    rows = re.findall(
        r"^ {4}(ozone|temperature), \w+ +(\d) +([\d.]+)((?: +[+-][\d.]+){5})$",
        (ROOT / "README.md").read_text(),
        re.MULTILINE,
    )
    shown = {(row[0], int(row[1])): (float(row[2]), [float(skill) for skill in row[3].split()]) for row in rows}
    assert shown.keys() == {(score.variable, score.horizon) for score in result.scores}
    for score in result.scores:
        rmse, skills = shown[score.variable, score.horizon]
        assert rmse == pytest.approx(score.rmse, rel=0.03), score
        assert skills == pytest.approx([each.skill for each in score.baselines.values()], abs=0.03), score
