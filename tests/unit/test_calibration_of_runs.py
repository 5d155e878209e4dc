"""Whole runs with any set of levels, and one that is calibrated by strata: trained, scored, calibrated again."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support.tiny_runs import tiny_source, tiny_spec

from stq.app import RunFolder, calibrate, evaluate, train
from stq.calibration import ConformalCalibration
from stq.errors import CheckFailed


@pytest.mark.parametrize("levels", ["[0.5]", "[0.2, 0.7, 0.9]"])
def test_any_set_of_levels_is_trained_calibrated_and_scored_with_its_crossing_rate(tmp_path: Path, levels: str) -> None:
    spec = tiny_spec(tiny_source(tmp_path), [f"quantiles.levels={levels}", "trainer.max_epochs=1"])
    assert train(spec, run_dir=tmp_path / "run").calibrated
    found = evaluate(RunFolder(tmp_path / "run"))
    assert found.calibrated
    for score in found.scores:
        assert score.to_dict()["crossing_rate"] == 0.0


def test_a_run_by_strata_keeps_the_map_and_needs_it(tmp_path: Path) -> None:
    source = tiny_source(tmp_path)
    with xr.open_dataset(source) as opened:
        field = opened.load()
    field["cover"] = (("lat", "lon"), np.repeat([1.0, 2.0], 32).reshape(8, 8))
    field.to_netcdf(tmp_path / "cover.nc")
    terms = ["strata=cover", "calibration.by=[horizon, variable, stratum]", "trainer.max_epochs=1"]
    run = RunFolder(tmp_path / "run")
    assert train(tiny_spec(tmp_path / "cover.nc", terms), run_dir=run.path).calibrated
    assert run.strata.is_file()
    fitted = ConformalCalibration.from_json(run.calibration.read_text())
    assert fitted.groups == ("1", "2")
    assert [sum(map(sum, part.cells)) for part in fitted.grouped] == [sum(map(sum, fitted.cells)) / 2] * 2
    before = evaluate(run)
    assert calibrate(run).former == run.former_calibration
    assert evaluate(run).scores == before.scores
    assert {row.group for row in calibrate(run).corrections} == {None, "1", "2"}
    shutil.copy(run.statistics, run.strata)
    with pytest.raises(CheckFailed, match="strata"):
        evaluate(run)
