"""Loggers are told what happens, on this machine alone, and change nothing."""

import csv
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from support.checkpoints import best_state
from support.tiny_runs import TEXT, tiny_spec
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from stq.app import RunFolder, train
from stq.errors import SpecError, UsageError
from stq.spec import LoggerSpec, dump_spec, parse_spec
from stq.training import load_weights
from stq.training._tracking import tracking

SHORT = ["trainer.max_epochs=2"]
OFFLINE = """
import runpy, sys
def refuse(event, arguments):
    if event in ("socket.getaddrinfo", "socket.connect") and not isinstance(arguments[-1], (str, bytes)):
        raise SystemExit(f"to the network: {event} {arguments}")
sys.addaudithook(refuse)
runpy.run_module("stq", run_name="__main__", alter_sys=True)
"""
"""stq in a process that ends where Python code asks for an address; sockets in the file system may be used."""
LOGGED = [*SHORT, "trainer.logger=[tensorboard, csv]"]


@pytest.fixture(scope="module")
def run(source: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("run") / "run"
    train(tiny_spec(source, LOGGED), run_dir=folder)
    return RunFolder(folder)


@pytest.fixture(scope="module")
def events(run: RunFolder) -> EventAccumulator:
    found = EventAccumulator(str(run.path / "logs" / "tensorboard"))
    found.Reload()
    return found


def test_losses_rates_and_the_central_error_have_tags_of_their_own(events: EventAccumulator) -> None:
    tags = set(events.Tags()["scalars"])
    wanted = {f"{kind}/{loss}" for kind in ("train", "val", "step") for loss in ("mse", "laplacian", "pinball")}
    wanted |= {f"{kind}/{group}" for kind in ("lr", "gradient_norm") for group in ("backbone", "central", "quantiles")}
    assert tags == wanted | {"val_central", "epoch"}


def test_tensorboard_and_csv_say_what_the_metrics_file_says(run: RunFolder, events: EventAccumulator) -> None:
    with run.metrics.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (run.path / "logs" / "csv" / "version_0" / "metrics.csv").open(newline="") as file:
        told = [row for row in csv.DictReader(file) if row["val_central"]]
    for tag, column in (("val_central", "val_central"), ("train/mse", "train_mse"), ("val/pinball", "val_pinball")):
        wanted = [float(row[column]) for row in rows]
        assert [event.value for event in events.Scalars(tag)] == pytest.approx(wanted)
        assert [float(row[tag]) for row in told] == pytest.approx(wanted)
    assert [event.step for event in events.Scalars("val_central")] == [int(row["step"]) for row in rows]


def test_the_resolved_spec_is_told_in_full(run: RunFolder, events: EventAccumulator) -> None:
    [text] = events.Tensors("spec/text_summary")
    said = text.tensor_proto.string_val[0].decode()
    assert "losses.laplacian.weight: 0.3" in said
    assert "trainer.max_epochs: 2" in said
    assert "max_epochs" in (run.path / "logs" / "tensorboard" / "hparams.yaml").read_text()


def test_a_logger_changes_no_bit_of_the_training(run: RunFolder, source: Path, tmp_path: Path) -> None:
    train(tiny_spec(source, SHORT), run_dir=tmp_path / "run")
    silent = RunFolder(tmp_path / "run")
    assert not (silent.path / "logs").exists()
    found, wanted = load_weights(best_state(run.path)), load_weights(best_state(silent.path))
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_one_key_takes_a_name_a_mapping_or_a_list() -> None:
    text = "data: {source: a.nc, targets: [air]}\nlosses: [mse]\ntrainer: {logger: %s}\n"
    named = LoggerSpec(name="csv")
    for written in ("csv", "[csv]", "{name: csv}", "[{name: csv}]"):
        loaded = parse_spec(text % written)
        assert loaded.spec.trainer.logger == (named,)
        assert parse_spec(dump_spec(loaded.spec)).spec == loaded.spec
    assert parse_spec(text % "null").spec.trainer.logger == ()
    for wrong, said in (
        ("tensorbord", "tensorboard"),
        ("[csv, csv]", "twice"),
        ("{name: csv, project: a}", "an option of wandb"),
        ("{name: mlflow, trackinguri: a}", "tracking_uri"),
        ("{name: wandb, mode: onlin}", "online"),
        ("3", "expected"),
    ):
        with pytest.raises(SpecError, match=said) as error:
            parse_spec(text % wrong)
        assert error.value.problems[0].where.startswith("spec:3:"), wrong


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_package_that_is_missing_is_said_before_the_data_is_read(tmp_path: Path, name: str) -> None:
    if find_spec(name) is not None:
        pytest.skip(f"{name} is installed")
    loaded = tiny_spec(tmp_path / "gone.nc", [f"trainer.logger={name}"])
    with pytest.raises(SpecError, match=rf"needs {name}(.|\n)*stq\[track\]"):
        train(loaded, run_dir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_mlflow_and_wandb_are_told_on_this_machine_alone(source: Path, tmp_path: Path, name: str) -> None:
    if find_spec("sqlalchemy" if name == "mlflow" else name) is None or find_spec(name) is None:
        pytest.skip(f"{name} is not among what the tests install: pip install {name}")
    (tmp_path / "tiny.yaml").write_text(TEXT.format(source=source))
    words = ["train", "tiny.yaml", "--run-dir", "run", "--set", f"trainer.logger={name}", "--set", SHORT[0]]
    done = subprocess.run([sys.executable, "-c", OFFLINE, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    run = RunFolder(tmp_path / "run")
    if name == "wandb":
        assert list((run.path / "logs" / "wandb").rglob("*.wandb"))
        return
    read = f"""
import json, mlflow
client = mlflow.MlflowClient("sqlite:///{run.path}/logs/mlflow/mlflow.db")
[found] = client.search_runs([client.get_experiment_by_name("tiny").experiment_id])
values = [[each.step, each.value] for each in client.get_metric_history(found.info.run_id, "val_central")]
print(json.dumps([found.info.run_name, found.info.status, found.data.params["trainer.max_epochs"], values]))
"""
    told = subprocess.run([sys.executable, "-c", read], cwd=tmp_path, capture_output=True, text=True, check=True)
    with run.metrics.open(newline="") as file:
        wanted = [[int(row["step"]), float(row["val_central"])] for row in csv.DictReader(file)]
    *about, values = json.loads(told.stdout)
    assert about == ["run", "FINISHED", "2"]
    assert values == [pytest.approx(row) for row in wanted]


def test_what_a_logger_says_against_its_settings_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder")
    tensorboard = (LoggerSpec(name="tensorboard"),)
    with (
        pytest.raises(UsageError, match="tensorboard can't be opened"),
        tracking(tensorboard, tmp_path / "logs", name="tiny", run="run", spec={}),
    ):
        pass
