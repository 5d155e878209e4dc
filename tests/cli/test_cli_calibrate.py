"""`stq calibrate`: what it writes, keeps and says, and what it refuses."""

import json
from pathlib import Path

import pytest
import xarray as xr
from support.checkpoints import best_state
from support.command_line import Trained, document, stq


def test_on_the_same_terms_it_writes_what_training_wrote(trained: Trained, run_copy: Path) -> None:
    before = (run_copy / "calibration.json").read_bytes()
    said = document(stq("calibrate", run_copy, "--json"))
    assert (run_copy / "calibration.json").read_bytes() == before
    assert (run_copy / "calibration.previous.json").read_bytes() == before
    assert (said["run"], said["fitted_on"], said["by"], said["scores"], said["windows"]) == (
        str(run_copy),
        "calibration",
        ["horizon", "variable"],
        "additive",
        5,
    )
    assert said["former"] == str(run_copy / "calibration.previous.json")
    rows = said["corrections"]
    assert {(r["variable"], r["horizon"], r["lower"], r["upper"]) for r in rows} == {
        (name, horizon, low, up)
        for name in ("air", "sea")
        for horizon in (1, 2)
        for low, up in ((0.05, 0.95), (0.25, 0.75))
    }
    widest = next(row for row in rows if row["upper"] == 0.95)
    assert (widest["frames"], widest["cells"], widest["enough"], widest["group"]) == (5, 100, False, None)
    assert 0 < widest["low"] < 0.9 < widest["high"] <= 1
    few = "5 frames to calibrate on: the 90 % band asks for 9, its levels 0.05 and 0.95 for 19"
    assert any(note.startswith(few) for note in said["notes"])
    assert any(note.startswith(few) for note in trained.said["notes"])
    assert any(note.startswith(few) for note in document(stq("eval", run_copy, "--json"))["notes"])


def test_people_are_told_frames_corrections_and_what_to_expect(run_copy: Path) -> None:
    shown = stq("calibrate", run_copy, "--by", "horizon,variable,season", "--scores", "multiplicative")
    assert shown.exit_code == 0
    text = " ".join(shown.stdout.split())
    for words in (
        "0.05 to 0.95 5*",
        "by horizon, variable, season; multiplicative scores",
        "19 times in 20",
        "calibration.previous.json",
        "Note: no calibration frame, at one horizon or more, of",
        "5 frames to calibrate on: the 90 % band asks for 9",
    ):
        assert words in text
    assert max(map(len, shown.stdout.partition("Calibrated on")[0].splitlines())) <= 80
    content = json.loads((run_copy / "calibration.json").read_text())["content"]
    assert content["groups"] == ["DJF", "MAM", "JJA", "SON"]
    assert not list(run_copy.rglob("*.part"))


def test_a_run_calibrated_by_season_is_scored_and_forecasts(run_copy: Path) -> None:
    assert stq("calibrate", run_copy, "--by", "horizon,variable,month").exit_code == 0
    said = document(stq("eval", run_copy, "--json"))
    assert said["calibrated"]
    assert any("no calibration frame" in note for note in said["notes"])
    assert stq("predict", run_copy, "-o", "out.nc", "--init", "1999-06").exit_code == 0
    with xr.open_dataset("out.nc") as found:
        assert found.attrs["quantile_calibration"] == "conformal, by horizon, variable, month, additive, on calibration"
        quantiles = found.air_quantile.transpose("quantile", ...).values
        assert (quantiles[1:] >= quantiles[:-1]).all()


def test_another_split_or_file_is_calibrated_on_and_named(trained: Trained, run_copy: Path) -> None:
    said = document(stq("calibrate", run_copy, "--split", "test", "--json"))
    assert said["fitted_on"] == "test"
    assert any("calibrated on test itself" in note for note in document(stq("eval", run_copy, "--json"))["notes"])
    assert any(
        "fitted to" in note for note in document(stq("calibrate", run_copy, "--split", "val", "--json"))["notes"]
    )
    grid = trained.spec.parent / "grid.nc"
    said = document(stq("calibrate", run_copy, grid, "--json"))
    assert (said["fitted_on"], said["windows"]) == (str(grid), 57)
    assert any("what the run was trained on" in note for note in said["notes"])
    with xr.open_dataset(grid) as opened:
        later = opened.isel(time=slice(30, None)).load()
    later.to_netcdf("later.nc")
    said = document(stq("calibrate", run_copy, "later.nc", "--json"))
    assert (said["fitted_on"], said["windows"]) == ("later.nc", 27)
    assert not any("trained on" in note for note in said["notes"])
    assert {row["frames"] for row in said["corrections"]} == {27}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--by", "horizon,seasons"), 2, "did you mean 'season'?"),
        (("--by", "month,season"), 2, "months are parts of seasons"),
        (("--by", "stratum"), 2, "strata: NAME"),
        (("--scores", "additiv"), 2, "did you mean 'additive'?"),
        (("--split", "tst"), 2, "the run has no split 'tst'"),
        (("grid.nc", "--split", "test"), 2, "give one of them"),
        (("nothing.nc",), 3, "no such file"),
    ],
)
def test_mistakes_leave_with_their_exit_code_and_the_run_as_it_was(
    run_copy: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    before = (run_copy / "calibration.json").read_bytes()
    result = stq("calibrate", run_copy, *arguments)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())
    assert (run_copy / "calibration.json").read_bytes() == before
    assert not (run_copy / "calibration.previous.json").exists()


def test_a_damaged_run_is_a_failed_check(run_copy: Path) -> None:
    best = best_state(run_copy)
    best.write_bytes(best.read_bytes()[:-100])
    assert stq("calibrate", run_copy).exit_code == 4
