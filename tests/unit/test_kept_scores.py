"""The scores that `stq eval` leaves in a run for `stq runs`, and when they are no longer its own."""

import shutil
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
from support.forked import Child
from support.reported import printed
from support.tiny_runs import tiny_spec

from stq.app import EvaluateResult, RunFolder, calibrate, evaluate, evaluate_origins, list_runs, train
from stq.app._kept_scores import keep_scores, kept_scores, what_is_scored
from stq.report import run_table


@pytest.fixture(scope="module")
def scored(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, EvaluateResult]:
    run = RunFolder(tmp_path_factory.mktemp("runs") / "run")
    train(tiny_spec(source, ["trainer.max_epochs=1"]), run_dir=run.path)
    evaluate_origins(run, 2)
    evaluate(run, overrides=["evaluation.periods=season"])
    assert kept_scores(run) == {}  # neither is what the spec has scored
    return run, evaluate(run)


@pytest.fixture
def run(scored: tuple[RunFolder, EvaluateResult], tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(scored[0].path, tmp_path / "runs" / "run")))


def test_runs_shows_the_means_of_what_eval_found(scored: tuple[RunFolder, EvaluateResult], run: RunFolder) -> None:
    rows = scored[1].scores
    [card] = list_runs(run.path.parent)
    kept = card.scores["test"]
    assert (kept.state, kept.samples, kept.expected) == ("current", scored[1].samples, pytest.approx(0.8))
    assert kept.skill_persistence == pytest.approx(fmean(row.skill_persistence for row in rows))
    assert kept.coverage == pytest.approx(fmean(row.coverage for row in rows))
    shown = printed(run_table([card]), width=200)
    assert f"{kept.skill_persistence:.3f}  {kept.coverage:.3f} of 0.8  trained" in shown
    assert card.to_dict()["scores"] == {"test": vars(kept)}


def test_each_part_has_its_own(run: RunFolder) -> None:
    evaluate(run, split="val")
    assert {split: kept.state for split, kept in kept_scores(run).items()} == {"test": "current", "val": "current"}


def test_scores_of_another_calibration_or_checkpoint_are_stale(run: RunFolder) -> None:
    calibrate(run, by=["horizon"])
    assert kept_scores(run)["test"].state == "stale"
    assert "stale" in printed(run_table(list_runs(run.path.parent)), width=200).splitlines()[2]
    evaluate(run)
    assert kept_scores(run)["test"].state == "current"
    [best] = run.checkpoints.glob("best-*")
    best.rename(best.with_name("step-00000099"))
    assert kept_scores(run)["test"].state == "stale"


def test_what_is_damaged_is_said_and_the_run_is_listed(run: RunFolder) -> None:
    text = run.scores("test").read_text()
    for damaged in (text.replace('"samples": ', '"samples": 1'), text[:-9], "{}", "[" * 100_000):
        run.scores("test").write_text(damaged)
        [card] = list_runs(run.path.parent)
        assert (card.status, card.scores["test"].state) == ("trained", "damaged")


def test_a_run_that_is_taken_or_changed_meanwhile_keeps_nothing(
    scored: tuple[RunFolder, EvaluateResult], run: RunFolder, tmp_path: Path
) -> None:
    now = what_is_scored(run)
    assert now is not None
    result = replace(scored[1], samples=77)
    with run.claimed("stq train"):
        assert Child(lambda: keep_scores(run, result, now), tmp_path / "told").wait() == 0
    assert kept_scores(run)["test"].samples == scored[1].samples
    keep_scores(run, result, {**now, "checkpoint": "another"})
    assert kept_scores(run)["test"].samples == scored[1].samples
    keep_scores(run, result, now)
    assert kept_scores(run)["test"].samples == 77
