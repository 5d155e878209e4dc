"""Every example trains, shortened, and does what its first lines say."""

import json
import re
import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from support.command_line import document, stq

from stq.app import RunFolder, evaluate, predict, train
from stq.routing import Route
from stq.spec import load_spec

EXAMPLES = Path(__file__).parents[2] / "examples"
SHORT = ["trainer.max_epochs=2", "trainer.accelerator=cpu"]


def stand_in(example: str, folder: Path) -> list[str]:
    """Overrides that put a small made-up file of the same structure in the place of one that is not in this repository.

    `make data` fetches the real ones; what the examples show on them stands in the README.
    """
    stands = {"mediterranean": sea_level, "mouse": raw_frames}
    return [f"data.source={stands[example](folder)}"] if example in stands else []


def sea_level(folder: Path) -> Path:
    """Packed integers on 32 x 40 cells, 62 % of them land, for the days of the example."""
    random = np.random.default_rng(0)
    lat, lon = np.linspace(30, 46, 32), np.linspace(-6, 14, 40)
    day = np.arange(91)[:, None, None]
    height = 0.1 * np.sin(day / 9 + lat[:, None] / 2 + lon / 3) + 0.01 * random.normal(size=(91, 32, 40))
    land = np.broadcast_to(np.add.outer(np.arange(32), np.arange(40)) % 71 > 26, height.shape)
    sea = xr.DataArray(np.where(land, np.nan, height), dims=("time", "latitude", "longitude"), attrs={"units": "m"})
    dates = np.datetime64("2005-04-01", "ns") + np.arange(91) * np.timedelta64(1, "D")
    coordinates = {
        "time": dates,
        "latitude": ("latitude", lat, {"standard_name": "latitude", "units": "degrees_north"}),
        "longitude": ("longitude", lon, {"standard_name": "longitude", "units": "degrees_east"}),
    }
    encoding = {"adt": {"dtype": "int16", "scale_factor": 1e-4, "_FillValue": -32767}}
    path = folder / "sea.nc"
    xr.Dataset({"adt": sea}, coordinates).to_netcdf(path, engine="netcdf4", encoding=encoding)
    return path


def raw_frames(folder: Path) -> Path:
    """Frames of 16-bit integers without a header, and their description; the reader is the plugin stq-rawframes."""
    pytest.importorskip("stq_rawframes")
    random = np.random.default_rng(0)
    y, x, frame = np.arange(32)[:, None], np.arange(32), np.arange(100)[:, None, None]
    light = 80 + 30 * np.sin(frame / 6 + y / 5 + x / 7) + 5 * random.normal(size=(100, 32, 32))
    light.astype("<i2").tofile(folder / "frames.bin")
    path = folder / "frames.raw.json"
    described = {"files": "frames.bin", "dtype": "<i2", "shape": [100, 32, 32], "variable": "fluorescence"}
    path.write_text(json.dumps({**described, "units": "counts"}))
    return path


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_trains_passes_its_audit_and_is_scored(example: Path, tmp_path: Path) -> None:
    overrides = [*SHORT, *stand_in(example.stem, tmp_path)]
    result = train(load_spec(example, overrides), run_dir=tmp_path / "run")
    assert (result.status, result.epochs) == ("completed", 2)
    assert result.audit.audit.verdict == "pass"
    assert result.audit.audit.reference_difference == 0.0
    scores = evaluate(RunFolder(tmp_path / "run")).scores
    assert all(score.n > 0 and 0 <= (score.coverage or 0) <= 1 for score in scores)
    assert all(score.crossing_rate == 0 for score in scores)
    predict(RunFolder(tmp_path / "run"), (), tmp_path / "out.nc")
    spec = load_spec(example, overrides).spec
    with xr.open_dataset(tmp_path / "out.nc") as found:
        for name in spec.data.targets:
            assert found[name].dims[:2] == ("init_time", "lead_time")
            assert bool(found[name].notnull().any())


def test_the_original_recipe_is_the_reference_design() -> None:
    spec = load_spec(EXAMPLES / "original.yaml").spec
    assert [loss.loss for loss in spec.losses] == ["mse", "ssim", "laplacian", "histogram", "pinball"]
    assert spec.quantiles is not None
    assert (spec.quantiles.levels, spec.quantiles.order) == ((0.025, 0.975), "independent")
    assert spec.routing.engine == "save-restore"
    assert not spec.optim.groups


def test_the_original_recipe_gives_the_bits_of_the_default_engine(tmp_path: Path) -> None:
    from support.checkpoints import best_state

    from stq.training import load_weights

    example = EXAMPLES / "original.yaml"
    runs = {}
    for engine in ("save-restore", "pruned"):
        folder = tmp_path / engine
        train(load_spec(example, [*SHORT, f"routing.engine={engine}"]), run_dir=folder)
        runs[engine] = load_weights(best_state(folder))
    assert all(bool((runs["pruned"][name] == value).all()) for name, value in runs["save-restore"].items())


def test_a_loss_from_a_users_own_file_trains_and_is_audited(tmp_path: Path) -> None:
    losses = "[{loss: charbonnier, epsilon: 0.2}, pinball]"
    overrides = [*SHORT, f"plugins=[{EXAMPLES / 'my_loss.py'}]", f"losses={losses}"]
    result = train(load_spec(EXAMPLES / "nasa.yaml", overrides), run_dir=tmp_path / "run")
    verdicts = {(cell.loss, cell.group): cell.verdict for cell in result.audit.audit.cells}
    assert verdicts["charbonnier", "backbone"] == "ok"
    assert verdicts["charbonnier", "quantiles"] == "none"
    assert (tmp_path / "run" / "plugins" / "0-my_loss.py").is_file()
    (tmp_path / "run" / "plugins" / "0-my_loss.py").write_text("print('something else')\n")
    with pytest.raises(Exception, match="sha256"):
        evaluate(RunFolder(tmp_path / "run"))


def test_a_loss_from_an_installed_distribution_trains_and_is_audited(tmp_path: Path) -> None:
    overrides = [*SHORT, "losses=[{loss: huber, delta: 0.5}, pinball]"]
    result = train(load_spec(EXAMPLES / "nasa.yaml", overrides), run_dir=tmp_path / "run")
    verdicts = {(cell.loss, cell.group): cell.verdict for cell in result.audit.audit.cells}
    assert verdicts["huber", "central"] == "ok"
    assert verdicts["pinball", "backbone"] == "blocked"


def test_routing_works_on_a_model_of_ones_own_in_a_loop_and_under_lightning(capsys: pytest.CaptureFixture[str]) -> None:
    """No spec, model or data of stq: what the file imports of it is the routing alone."""
    example = EXAMPLES / "two_heads.py"
    assert re.findall(r"^(?:from|import) (stq\S*)", example.read_text(encoding="utf-8"), re.MULTILINE) == [
        "stq.routing"
    ]
    names = runpy.run_path(str(example))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*")  # Lightning #21326
        names["main"]()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["plain_loop", "lightning"]
    for line in lines:
        assert line.endswith("pass, blocked: radius on trunk")
        assert int(re.search(r"(\d+)%", line)[1]) > 90


def test_the_second_task_of_that_model_leaves_the_first_as_it_would_be_alone() -> None:
    names = runpy.run_path(str(EXAMPLES / "two_heads.py"))
    before = names["plain_loop"](steps=20).state_dict()
    names["ROUTES"]["radius"] = Route(100.0, {"radius": 1.0})
    after = names["plain_loop"](steps=20).state_dict()
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert "radius.weight" in changed
    assert changed <= {"radius.weight", "radius.bias"}


@pytest.mark.parametrize(("engine", "verdict"), [("pruned", "pass"), ("joint", "leak")])
def test_that_model_is_checked_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, engine: str, verdict: str
) -> None:
    monkeypatch.chdir(EXAMPLES)
    result = stq("check-grads", "--module", "two_heads:make", "--engine", engine, "--json")
    audit = document(result)
    assert (audit["verdict"], result.exit_code) == (verdict, 0 if verdict == "pass" else 4)
    cells = {(cell["loss"], cell["group"]): cell["verdict"] for cell in audit["matrix"]}
    assert cells["radius", "trunk"] == ("blocked" if verdict == "pass" else "leak")
