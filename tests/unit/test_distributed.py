"""Two processes train, stop and score as one does.

Both start once for all cases; meanwhile this one finds what to expect.
"""

import csv
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from pytorch_lightning import LightningModule
from support.checkpoints import last_state, read
from support.flat_numbers import flat
from support.routed_cases import NETS, RUNS, spawned
from support.routed_nets import same_bits
from support.scored_fields import scored_fields
from support.tiny_runs import gappy_source, tiny_source, tiny_spec
from torch import Tensor

from stq.app import RunFolder, evaluate, predict
from stq.app._assembly import assemble
from stq.app._data import open_data
from stq.app.baselines import open_baselines
from stq.metrics import ForecastScores
from stq.registry import load_metrics
from stq.training import EpochEnded, ForecastModule, Started, Stepped, fit

SCRIPT = Path(__file__).parents[1] / "support" / "two_processes.py"
Pair = tuple[Mapping[str, Any], Mapping[str, Any]]


ROOT = Path(__file__).parents[2]
EVALUATION = ["evaluation.periods=month", "evaluation.thresholds.air=[280, 281]", "evaluation.neighbourhood=3"]
"""As the two processes are told."""


def free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


class Epochs:
    """Keeps the epochs' ends."""

    def __init__(self) -> None:
        self.ended: list[EpochEnded] = []

    def started(self, event: Started) -> None:
        """Nothing to keep."""

    def stepped(self, event: Stepped) -> None:
        """Nothing to keep."""

    def epoch_ended(self, event: EpochEnded) -> None:
        """Keep it."""
        self.ended.append(event)


def alone(source: Path, overrides: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The gradients of every step and the epochs of a single process."""
    gradients: list[dict[str, Tensor]] = []

    def keep(module: LightningModule, optimizer: object) -> None:
        gradients.append({name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None})

    loaded = tiny_spec(source, overrides)
    experiment, epochs = assemble(loaded), Epochs()
    monkeypatch.setattr(ForecastModule, "on_before_optimizer_step", keep)
    fit(experiment.module, experiment.loaders, loaded.spec.trainer, checkpoints=None, observers=[epochs])
    return {"gradients": gradients, "epochs": epochs.ended}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pair")


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, Any]:
    """What one process finds, in the time in which two do the same."""
    here = folder / "alone"
    here.mkdir()
    sources = {False: tiny_source(here), True: gappy_source(here)}
    found = {name: case.alone() for name, case in NETS.items()}
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, case in RUNS.items():
            found[name] = alone(sources[case.gappy], case.overrides(batch_size=8), monkeypatch)
    return found


@pytest.fixture(scope="module")
def pair(folder: Path, request: pytest.FixtureRequest) -> Pair:
    """What each of the two processes has found."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "OTHER_PORT": free_port(), "WORLD_SIZE": "2"}
    path = os.pathsep.join([str(SCRIPT.parents[1]), str(SCRIPT.parents[2]), os.environ.get("PYTHONPATH", "")])
    settings = {**os.environ, **place, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    with ExitStack() as stack:
        both = [
            subprocess.Popen(
                [sys.executable, str(SCRIPT), str(folder)],
                env={**settings, "RANK": rank, "LOCAL_RANK": rank},
                stdout=subprocess.DEVNULL,
                stderr=stack.enter_context((folder / f"{rank}.log").open("w")),
            )
            for rank in ("0", "1")
        ]
        try:
            request.getfixturevalue("expected")
            codes = [process.wait(200) for process in both]
        finally:
            for process in both:
                process.kill()
    assert codes == [0, 0], "\n".join((folder / f"{rank}.log").read_text()[-3000:] for rank in "01")
    first, second = (torch.load(folder / f"{rank}.pt", weights_only=True) for rank in "01")
    return first, second


def difference(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> float:
    """The largest, in units of the largest element of its parameter, or of a tenth of the largest of all."""
    assert found.keys() == wanted.keys()
    sizes = {name: float(value.abs().max()) for name, value in wanted.items()}
    floor = 0.1 * max(sizes.values())
    return max(
        float((found[name] - value).abs().max()) / max(sizes[name], floor, 1e-30) for name, value in wanted.items()
    )


@pytest.mark.parametrize("case", [*NETS, *RUNS])
def test_gradients_are_those_of_one_process_with_the_whole_batch(
    pair: Pair, expected: dict[str, Any], case: str
) -> None:
    wanted = expected[case]["gradients"]
    tolerance = NETS[case].tolerance if case in NETS else 1e-6
    for found in pair:
        assert len(found[case]["gradients"]) == len(wanted)
        for ours, theirs in zip(found[case]["gradients"], wanted, strict=True):
            assert difference(ours, theirs) <= tolerance


@pytest.mark.parametrize("case", [*NETS, *RUNS])
def test_the_weights_of_all_processes_are_the_same_bits(pair: Pair, case: str) -> None:
    first, second = (found[case] for found in pair)
    assert same_bits(first["state"], second["state"])
    assert all(same_bits(a, b) for a, b in zip(first["gradients"], second["gradients"], strict=True))


@pytest.mark.parametrize("case", NETS)
def test_nets_end_at_the_weights_of_one_process(pair: Pair, expected: dict[str, Any], case: str) -> None:
    assert difference(pair[0][case]["state"], expected[case]["state"]) <= NETS[case].tolerance
    assert pair[0][case]["clipped"] == expected[case]["clipped"]
    assert (pair[0][case]["clipped"] > 0) == (NETS[case].clip is not None)


@pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers")
@pytest.mark.filterwarnings("ignore:`isinstance:FutureWarning")  # Lightning #21326
def test_processes_that_are_spawned_bring_back_the_weights_of_one(
    expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", free_port())
    assert difference(spawned(), expected["ddp"]["state"]) <= 1e-6


def test_a_mean_of_means_would_be_another_gradient(pair: Pair, expected: dict[str, Any]) -> None:
    """Where the processes know very differently many targets. So the test above can fail."""
    assert difference(pair[0]["gaps, mean of means"]["gradients"][0], expected["gaps"]["gradients"][0]) > 1e-3


@pytest.mark.parametrize("case", RUNS)
def test_reported_errors_are_over_all_processes(pair: Pair, expected: dict[str, Any], case: str) -> None:
    (wanted,) = expected[case]["epochs"]
    (found,) = pair[0][case]["epochs"]
    assert found["step"] == wanted.step
    assert found["val_central"] == pytest.approx(wanted.val_central, rel=1e-5)
    assert found["train"] == pytest.approx(dict(wanted.train_losses), rel=1e-4)
    assert pair[1][case]["epochs"] == pair[0][case]["epochs"]


def test_validation_counts_every_window_once(pair: Pair, expected: dict[str, Any]) -> None:
    """In batches of 4 and of 8 the mean squared error over the 8 windows is the same, to what training differs by."""
    (wanted,) = expected["stq"]["epochs"]
    (found,) = pair[0]["stq"]["epochs"]
    assert found["validation"] == pytest.approx(dict(wanted.validation_losses), rel=1e-5)


def test_a_signal_to_one_process_stops_all_after_a_checkpoint(pair: Pair) -> None:
    for found in pair:
        assert (found["resumed"]["stopped"]["kind"], found["resumed"]["stopped"]["code"]) == ("Stopped", 15)
        assert found["resumed"]["step"] == 3


def test_a_resumed_run_of_two_processes_ends_with_the_same_bits(pair: Pair, folder: Path) -> None:
    """Dropout is on and the stop is in the middle of an epoch, between two windows of accumulation."""
    assert pair[0]["resumed"]["steps"] == (12, 12)
    states = [read(last_state(folder / run))["state_dict"] for run in ("whole", "stopped")]
    assert same_bits(*states)
    tables = []
    for run in ("whole", "stopped"):
        with (folder / run / "metrics.csv").open(newline="") as file:
            tables.append([{**row, "seconds": ""} for row in csv.DictReader(file)])
    assert tables[0] == tables[1]


def test_one_process_writes_the_run_and_calibrates(pair: Pair, folder: Path) -> None:
    assert [found["trained"]["status"] for found in pair] == ["completed", "completed"]
    assert [found["trained"]["calibrated"] for found in pair] == [True, False]
    assert sorted(path.name for path in (folder / "one batch").iterdir()) == [
        "audit.json", "baselines.json", "calibration.json", "checkpoints", "environment.json", "metrics.csv",
        "outcome.json", "resolved.yaml", "spec.yaml", "statistics.npz",
    ]  # fmt: skip
    assert [found["dry run"]["steps"] for found in pair] == [1, 1]


def test_baselines_are_those_of_one_process(pair: Pair, folder: Path, tmp_path: Path) -> None:
    loaded = tiny_spec(folder / "tiny.nc")
    alone = open_baselines(RunFolder(tmp_path), loaded, open_data(loaded.spec.data, loaded=loaded)).fitted.to_json()
    assert [each["baselines"] for each in pair] == [[alone, alone, "CheckFailed"], [alone, alone, "Elsewhere"]]


@pytest.mark.parametrize(("case", "run"), [("scores", "whole"), ("scores of one batch", "one batch")])
def test_shared_scores_are_those_of_one_process(pair: Pair, folder: Path, case: str, run: str) -> None:
    """Also where one of the two has nothing to do."""
    result = evaluate(RunFolder(folder / run), overrides=EVALUATION)
    assert result.strata
    wanted = [row.to_dict() for row in (*result.scores, *result.strata)]
    for found in pair:
        assert_same_numbers(found[case], wanted)


def test_a_users_metric_adds_up_over_processes(pair: Pair) -> None:
    """Also where one of the two has no sample."""
    cls = load_metrics([ROOT / "examples" / "my_metric.py"]).get("large-errors").cls
    fields = scored_fields()
    scores = ForecastScores(["ozone", "temperature"], [1, 3], size=(13, 14), metrics={"large": cls()})
    names = ("central", "truth", "valid", "persistence", "climatology", "time")
    scores.update(**{name: getattr(fields, name) for name in names})
    wanted = [score.to_dict() for score in scores.compute()]
    assert all(score["metrics"]["large"] > 0 for score in wanted)
    for found in pair:
        for rows in found["own metric"]:
            assert_same_numbers(rows, wanted)


def assert_same_numbers(found: object, wanted: object) -> None:
    ours, theirs = flat(found), flat(wanted)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert ours[name] == (pytest.approx(value, rel=1e-11, abs=1e-12) if isinstance(value, float) else value), name


def test_a_shared_forecast_is_that_of_one_process(pair: Pair, folder: Path, tmp_path: Path) -> None:
    """Three initial times for two processes: the last one has none left, and nothing is written twice."""
    dates = ["1999-06", "1999-07", "1999-08"]
    alone = predict(RunFolder(folder / "whole"), (), tmp_path / "forecast.nc", init=dates)
    with xr.open_dataset(tmp_path / "forecast.nc") as wanted, xr.open_dataset(folder / "forecast.nc") as found:
        assert list(wanted.variables) == list(found.variables)
        for name in wanted.variables:
            np.testing.assert_array_equal(found[name].values, wanted[name].values)
    assert [each["forecast"]["init_times"] for each in pair] == [list(alone.init_times)] * 2
    assert len({each["forecast"]["bytes"] for each in pair}) == 1


def test_a_loss_that_is_not_finite_in_one_process_stops_all_with_its_name(pair: Pair) -> None:
    for found in pair:
        assert found["nonfinite"]["kind"] == "NonFiniteError"
        assert "process 1" in found["nonfinite"]["text"]
        assert "the loss mse is not finite" in found["nonfinite"]["text"]
    assert pair[0]["nonfinite"]["text"] == pair[1]["nonfinite"]["text"]
    assert "windows issued at 199" in pair[0]["nonfinite"]["text"]


def test_a_step_is_left_out_by_all_processes(pair: Pair) -> None:
    first, second = (found["skipped"] for found in pair)
    assert (first["kind"], second["kind"]) == ("nothing", "nothing")
    assert first["skipped"] == second["skipped"]
    assert (first["skipped"]["total"], first["skipped"]["in_a_row"]) == (1, 0)
    assert "process 1, step 1: the loss mse" in first["skipped"]["last"]
    assert all(torch.equal(first["state"][name], value) for name, value in second["state"].items())
    assert all(bool(value.isfinite().all()) for value in first["state"].values())


@pytest.mark.parametrize(
    ("case", "kind", "code", "words"),
    [
        ("a folder in use", "UsageError", 2, "not empty"),
        ("other data", "DataError", 3, "process 1 reads other data"),
        ("no such split", "UsageError", 2, "tset"),
    ],
)
def test_what_one_process_refuses_all_refuse_and_one_says(
    pair: Pair, case: str, kind: str, code: int, words: str
) -> None:
    first, second = (found[case] for found in pair)
    assert (first["kind"], first["code"]) == (kind, code)
    assert words in first["text"]
    assert (second["kind"], second["code"], second["text"]) == ("Elsewhere", code, "")


def test_a_process_that_fails_alone_does_not_leave_the_other_waiting(pair: Pair) -> None:
    first, second = (found["starved"] for found in pair)
    assert (second["kind"], second["code"]) == ("RoutingError", 2)
    assert (first["kind"], first["code"]) == ("Elsewhere", 2)
    assert "process 1 ended" in first["text"]
    assert "receive no gradient" in first["text"]
    assert first["seconds"] < 60
