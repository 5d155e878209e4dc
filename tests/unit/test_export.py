"""An exported network says, without stq, what the run says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from support.checkpoints import best_state
from support.command_line import document, stq
from support.tiny_runs import tiny_spec

from stq.app import RunFolder, evaluate, export, predict, train
from stq.app._data import open_data
from stq.app._forecasting import forecast_split
from stq.app._kept_scores import kept_scores
from stq.app._score_split import open_scoring
from stq.errors import UsageError
from stq.training import load_weights

SHORT = ["trainer.max_epochs=1"]
FORMATS = (".pt2", ".onnx", ".safetensors")


@pytest.fixture(scope="module")
def run(source: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("run") / "run"
    train(tiny_spec(source, [*SHORT, "model.location={degree: 2}"]), run_dir=folder)
    return RunFolder(folder)


@pytest.fixture(scope="module")
def exported(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one export in every format."""
    folder = tmp_path_factory.mktemp("exported") / "new"
    result = export(run, [folder / f"model{ending}" for ending in FORMATS], scored=True)
    assert result.calibrated
    assert result.differences[0] == result.differences[2] == 0.0
    return folder


def batches(run: RunFolder) -> tuple[dict[str, np.ndarray], torch.Tensor, torch.Tensor]:
    """Every test window as the network's arguments, and the calibrated forecast that `stq eval` scores."""
    scoring = open_scoring(run, "test")
    [found] = forecast_split(scoring.forecaster, scoring.data, "test", batch_size=100)
    assert scoring.calibration is not None
    assert found.quantiles is not None
    levels = scoring.loaded.spec.quantiles.levels
    group = None if scoring.groups is None else scoring.groups.index(found.batch)
    band = scoring.calibration.apply(found.central, found.quantiles, levels, group=group)
    inputs = {name: getattr(found.batch, name).numpy() for name in ("inputs", "base", "location", "offset")}
    return inputs | ({} if group is None else {"group": group.numpy()}), found.central, band


def test_the_card_tells_how_to_load_each_format_and_its_lines_run_without_stq(exported: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (exported / "model.card.md").read_text(), flags=re.DOTALL)
    assert len(blocks) == 3
    assert all(len(block.splitlines()) == 5 for block in blocks)
    program = "\n".join(
        [*blocks, "import sys", "assert 'stq' not in sys.modules and 'pytorch_lightning' not in sys.modules"]
    )
    subprocess.run([sys.executable, "-I", "-c", program], cwd=exported, check=True)


def test_the_graph_forecasts_batches_of_any_size_to_the_same_bits(run: RunFolder, exported: Path) -> None:
    inputs, central, band = batches(run)
    network = torch.export.load(exported / "model.pt2").module()
    found = network(*map(torch.from_numpy, inputs.values()))
    assert torch.equal(found[0], central)
    assert torch.equal(found[1], band)
    [one, _] = network(*(torch.from_numpy(value[:1]) for value in inputs.values()))
    torch.testing.assert_close(one, central[:1])


def test_onnxruntime_agrees_for_batches_of_any_size(run: RunFolder, exported: Path) -> None:
    inputs, central, band = batches(run)
    session = onnxruntime.InferenceSession(exported / "model.onnx")
    assert [given.name for given in session.get_inputs()] == list(inputs)
    for count in (1, len(central)):
        found = session.run(["central", "quantiles"], {name: value[:count] for name, value in inputs.items()})
        np.testing.assert_allclose(found[0], central[:count].numpy(), rtol=1e-5)
        np.testing.assert_allclose(found[1], band[:count].numpy(), rtol=1e-5)


def test_the_weights_are_those_of_the_best_checkpoint(run: RunFolder, exported: Path) -> None:
    found, wanted = load_file(exported / "model.safetensors"), load_weights(best_state(run.path))
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_the_graph_forecasts_what_predict_writes(run: RunFolder, exported: Path, tmp_path: Path) -> None:
    """The way to units and the calibration by another road."""
    import xarray as xr

    predict(run, (), tmp_path / "out.nc", init=("1999-03-01",))
    inputs, _, _ = batches(run)
    found = torch.export.load(exported / "model.pt2").module()(*(torch.from_numpy(v[:1]) for v in inputs.values()))
    with xr.open_dataset(tmp_path / "out.nc") as file:
        np.testing.assert_allclose(file["air"].values.squeeze(), found[0].numpy().squeeze(), rtol=1e-6)


def test_the_scores_are_those_of_stq_eval_and_the_run_is_opened_once_for_both(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.scores("test").unlink(missing_ok=True)
    opened = []
    monkeypatch.setattr(
        "stq.app._score_split.open_data", lambda *given, **named: opened.append(given) or open_data(*given, **named)
    )
    export(run, [tmp_path / "model.safetensors"], scored=True)
    assert len(opened) == 1
    assert kept_scores(run)["test"].state == "current"
    card = json.loads((tmp_path / "model.card.json").read_text())
    assert card["scores"] == json.loads(json.dumps(evaluate(run).to_dict()["scores"]))


def test_the_card_holds_what_is_needed_to_use_the_network(run: RunFolder, exported: Path, source: Path) -> None:
    text = (exported / "model.card.json").read_text()
    card = json.loads(text)
    assert str(source.parent) not in text + (exported / "model.card.md").read_text()
    assert card["licence"] == ""
    assert card["channels"] == ["air", "sea"]
    assert (card["horizons"], card["levels"], card["history"]) == ([1, 2], [0.1, 0.9], 3)
    assert card["variables"][0]["units"] == "K"
    assert card["data"]["sha256"] == run.read_environment()["data_sha256"]
    assert list(card["data"]["parts"]) == ["train", "val", "calibration", "test"]
    assert card["calibration"]["frames"]
    assert [row["horizon"] for row in card["scores"]] == [1, 2]
    assert [each["name"] for each in card["inputs"]] == ["inputs", "base", "location", "offset"]
    with safe_open(exported / "model.safetensors", framework="pt") as file:
        assert json.loads(file.metadata()["stq"])["model"] == card["model"]
    with np.load(exported / "model.statistics.npz") as statistics:
        assert {"climatology", "deviation", "step"} <= set(statistics.files)


@pytest.mark.slow
@pytest.mark.parametrize(
    "overrides",
    [
        ["quantiles=null", "losses=[mse]", "data.transform={air: log}"],
        ["model={name: unet, width: 2, depth: 1, heads: {hidden: 2}}"],
        ["calibration={by: [horizon, season], scores: multiplicative}", "quantiles.levels=[0.1, 0.5, 0.9]"],
        ["data.relative_to=last", "quantiles.order=independent", "calibration=null"],
    ],
)
def test_other_networks_are_exported_too(source: Path, tmp_path: Path, overrides: list[str]) -> None:
    train(tiny_spec(source, [*SHORT, *overrides]), run_dir=tmp_path / "run")
    result = export(RunFolder(tmp_path / "run"), [tmp_path / "model.pt2"])
    assert result.differences == (0.0,)
    if overrides[0].startswith("calibration"):
        assert result.inputs[-1] == "group"
        inputs, _, band = batches(RunFolder(tmp_path / "run"))
        found = torch.export.load(tmp_path / "model.pt2").module()(*map(torch.from_numpy, inputs.values()))
        assert torch.equal(found[1], band)
    assert result.outputs == (("central",) if overrides[0].startswith("quantiles=null") else ("central", "quantiles"))


def test_nothing_is_overwritten_unless_asked_for_and_nothing_is_left_half(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "model.card.md").write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        export(run, [tmp_path / "model.safetensors"])
    export(run, [tmp_path / "model.safetensors"], force=True)
    assert (tmp_path / "model.card.md").read_text() != "mine"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        f"model{ending}" for ending in (".safetensors", ".card.md", ".card.json", ".sample.npz", ".statistics.npz")
    }


def test_the_command_says_what_it_wrote_and_refuses_other_endings(run: RunFolder, tmp_path: Path) -> None:
    said = document(stq("export", run.path, "-o", tmp_path / "m.safetensors", "--json"))
    assert said["networks"] == [{"path": str(tmp_path / "m.safetensors"), "max_abs_difference": 0.0}]
    for name in ("m.pth", "m", "a.pt2 -o b.onnx"):
        refused = stq(
            "export", run.path, "-o", *(str(tmp_path / part) if part != "-o" else part for part in name.split())
        )
        assert refused.exit_code == 2, name
        assert "error: " in refused.stderr
    assert stq("export", tmp_path, "-o", "m.pt2").exit_code == 2
