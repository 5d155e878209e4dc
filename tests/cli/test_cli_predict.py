"""`stq predict` on the command line: what it prints, and its exit codes."""

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support.checkpoints import best_state
from support.command_line import Trained, document, stq


def test_it_says_what_it_wrote_and_where(trained: Trained) -> None:
    said = document(stq("predict", trained.run, "-o", "out.nc", "--json"))
    assert {
        key: said[key] for key in ("run", "path", "variables", "horizons", "levels", "calibrated", "tile", "seams")
    } == {
        "run": str(trained.run),
        "path": "out.nc",
        "variables": ["air", "sea"],
        "horizons": [1, 2],
        "levels": [0.05, 0.25, 0.75, 0.95],
        "calibrated": True,
        "tile": None,
        "seams": None,
    }
    assert (said["init_times"], said["size"], said["bytes"]) == (
        ["1999-12-01"],
        [4, 5],
        Path("out.nc").stat().st_size,
    )
    with xr.open_dataset("out.nc") as found:
        assert found.sea_quantile.dims == ("init_time", "lead_time", "quantile", "lat", "lon")
        assert np.isfinite(found.sea.values).all()
    shown = stq("predict", trained.run, trained.spec.parent / "grid.nc", "-o", "b.nc", "--init", "1999-06", "--tile", 3)
    assert shown.exit_code == 0
    assert "wrote        b.nc" in shown.stdout
    assert "from         1999-06-01" in shown.stdout
    assert "4 x 5, in tiles of 3 cells" in shown.stdout
    assert re.search(r"seams +air \d\.\d+, sea \d\.\d+: steps from tile to tile", " ".join(shown.stdout.split(" ")))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "--output"),
        (("-o", "out.csv"), 2, "a file of forecasts ends in .nc, .zarr, .tif"),
        (("-o", "out.nc", "--convert", "air"), 2, "--convert takes VARIABLE=UNIT"),
        (("-o", "out.nc", "--init", "yesterday"), 2, "where a date such as 1995"),
        (("-o", "out.nc", "--init", "2030"), 3, "there is no such step"),
        (("nothing.nc", "-o", "out.nc"), 3, "no such file"),
        (("-o", "a file/out.nc"), 74, "can't be written"),
    ],
)
def test_mistakes_leave_with_their_exit_code_and_no_file(
    trained: Trained, arguments: tuple[str, ...], code: int, message: str
) -> None:
    Path("a file").write_text("")
    result = stq("predict", trained.run, *arguments)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())
    assert "source:" not in result.stderr  # an argument is not looked for in the text of the run's spec
    assert [path.name for path in Path.cwd().iterdir()] == ["a file"]


def test_a_damaged_run_is_a_failed_check(trained: Trained, tmp_path: Path) -> None:
    from shutil import copytree

    copytree(trained.run, tmp_path / "run")
    best = best_state(tmp_path / "run")
    best.write_bytes(best.read_bytes()[:-100])
    assert stq("predict", tmp_path / "run", "-o", "out.nc").exit_code == 4
