"""`stq data inspect` and `stq init`."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from support.command_line import document, stq
from support.grids import NASA, monthly, seasonal, write_grid

from stq.data import _variable_summary
from stq.spec import load_spec


@pytest.fixture
def grid(workplace: Path) -> Path:
    air = seasonal(48)
    air[:, 0, 0] = np.nan
    fields = {"air": air, "sea": seasonal(48, seed=1), "land": seasonal(1)[0], "none": air * np.nan}
    return write_grid(workplace / "grid.nc", {**fields, "one": np.ones_like(air)})


def test_inspect_tells_dimensions_dates_units_and_what_is_missing(grid: Path) -> None:
    said = document(stq("data", "inspect", grid, "--json"))
    assert (said["reader"], said["dims"]) == ("netcdf", {"time": 48, "lat": 4, "lon": 5})
    assert said["axes"] == {"time": "time", "y": "lat", "x": "lon"}
    dates = {"first": "1995-01-01", "last": "1998-12-01", "count": 48, "step": "1 month", "problem": ""}
    assert said["time"] == {**said["time"], **dates}
    variables = {each["name"]: each for each in said["variables"]}
    air = variables["air"]
    assert (air["units"], air["moving"], air["seen"], air["cells"]) == ("K", True, 960, 960)
    assert air["missing"] == pytest.approx(1 / 20)
    assert air["minimum"] == pytest.approx(float(np.nanmin(seasonal(48).reshape(48, -1)[:, 1:])))
    assert not variables["land"]["moving"]
    assert variables["none"]["problem"] == "holds no value"
    assert variables["one"]["problem"] == "is 1 everywhere"


def test_the_fragment_parses_and_names_every_usable_variable_once(grid: Path) -> None:
    told = stq("data", "inspect", grid).stdout
    fragment = told.partition("To paste into a spec\n")[2].partition("\n\n")[0]
    data = yaml.safe_load(fragment)["data"]
    assert data == {"source": str(grid), "targets": ["air"], "inputs": ["sea"], "static": ["land"]}


@pytest.mark.parametrize(("at_once", "in_all"), [(7, 60), (40, 200), (20, 10**6)])
def test_of_a_large_variable_a_bounded_sample_is_looked_at(grid: Path, monkeypatch, at_once: int, in_all: int) -> None:
    monkeypatch.setattr(_variable_summary, "_READ_AT_ONCE", at_once)
    monkeypatch.setattr(_variable_summary, "_READ_IN_ALL", in_all)
    said = document(stq("data", "inspect", grid, "--json"))
    air = next(each for each in said["variables"] if each["name"] == "air")
    assert 0 < air["seen"] <= min(in_all, 960)
    assert any("only a sample" in note for note in said["notes"]) == (in_all < 960)
    assert air["seen"] == 960 or in_all < 960


def test_inspect_tells_what_is_wrong_inside_and_refuses_what_it_can_not_open(workplace: Path) -> None:
    times = np.array(monthly(48), dtype="datetime64[ns]")
    times[9] = times[8]
    said = document(
        stq("data", "inspect", write_grid(workplace / "a.nc", {"air": seasonal(48)}, times=times), "--json")
    )
    assert "same date" in said["time"]["problem"]
    np.save("air.npy", seasonal(48))
    undated = document(stq("data", "inspect", "air.npy", "--json"))
    assert undated["time"] is None
    assert undated["spec"]["data"]["time"] == {"start": "2000-01-01", "step": "1D"}
    assert stq("data", "inspect", "gone.nc").exit_code == 3


@pytest.mark.parametrize("kind", ["grid", "nasa", "npy"])
def test_init_writes_every_key_and_check_accepts_it_as_it_stands(kind: str, grid: Path) -> None:
    np.save("air.npy", seasonal(30))
    source = {"grid": grid, "nasa": NASA, "npy": "air.npy"}[kind]
    made = document(stq("init", source, "-o", "mine.yaml", "--json"))
    assert made["spec"] == "mine.yaml"
    text = Path("mine.yaml").read_text()
    for key in ("area_weights:", "absent_chunks:", "overlap: 16", "momentum:", "init_from:", "# The optimiser"):
        assert key in text
    assert load_spec("mine.yaml").spec.name == "mine"
    checked = document(stq("check", "mine.yaml", "--json", "--set", "model.hidden=[2]"))
    assert checked["verdict"] == "pass"
    assert all(count > 0 for count in checked["windows"].values())


def test_init_overwrites_nothing_and_refuses_what_can_not_be_forecast(grid: Path) -> None:
    Path("spec.yaml").write_text("mine")
    refused = stq("init", grid)
    assert refused.exit_code == 2
    assert "spec.yaml is there already" in refused.stderr
    assert Path("spec.yaml").read_text() == "mine"
    write_grid(Path("map.nc"), {"land": seasonal(1)[0]})
    write_grid(Path("short.nc"), {"air": seasonal(5)})
    for name, words in {"map.nc": "no variable that changes in time", "short.nc": "too few to split"}.items():
        refused = stq("init", name, "-o", "new.yaml")
        assert refused.exit_code == 3
        assert words in refused.stderr
    assert not Path("new.yaml").exists()
    assert stq("init", grid, "-o", "no/such/folder.yaml").exit_code == 74


def test_init_without_data_names_some_to_fill_in() -> None:
    assert stq("init").exit_code == 0
    assert load_spec("spec.yaml").spec.data.source == (str(Path.cwd() / "data/*.nc"),)


def test_a_name_that_an_expression_has_wrong_is_shown_in_the_spec(grid: Path) -> None:
    text = "data:\n  source: grid.nc\n  targets: [warm]\n  derived: {warm: 'air - 273.15 * aer'}\nlosses: [mse]\n"
    Path("a.yaml").write_text(text)
    result = stq("check", "a.yaml")
    assert result.exit_code == 3
    assert "grid.nc: no variable 'aer'; did you mean \"air\"?" in result.stderr
    place, line, carets = result.stderr.splitlines()[-3:]
    assert "a.yaml:4:35" in place
    assert line[carets.index("^") :].startswith("aer")
    assert carets.count("^") == 3
    Path("b.yaml").write_text(text.replace("aer", "lgo(air)"))
    wrong = stq("check", "b.yaml")
    assert wrong.exit_code == 2
    assert 'did you mean "log"' in wrong.stderr
