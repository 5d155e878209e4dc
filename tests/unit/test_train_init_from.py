"""A warm start takes over whole parts of a finished run, says which, and refuses what would be half or random."""

import json
from pathlib import Path

import pytest
import torch
from support.checkpoints import best_state
from support.tiny_runs import tiny_spec

from stq.app import TrainResult, check, train
from stq.app._assembly import assemble
from stq.errors import CheckFailed, SpecError
from stq.training import load_weights

HEADS = ("central_heads.0", "central_heads.1")
BAND = ("lower_heads.0", "lower_heads.1", "upper_heads.0", "upper_heads.1")


@pytest.fixture(scope="module")
def run(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found: TrainResult = train(
        tiny_spec(source, ["trainer.max_epochs=1"]), run_dir=tmp_path_factory.mktemp("run") / "r"
    )
    assert found.run is not None
    return found.run


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_weights(best_state(run))


def test_the_same_network_takes_over_every_tensor(source: Path, run: Path) -> None:
    experiment = assemble(tiny_spec(source, [f"init_from={run}", "seed=8"]))
    initial = experiment.initial
    assert initial is not None
    assert initial.loaded == ("convlstm", *HEADS, *BAND)
    assert initial.fresh == initial.unused == ()
    own = experiment.module.forecaster.state_dict()
    assert all(torch.equal(value, own[name]) for name, value in weights(run).items())


@pytest.mark.parametrize(
    ("override", "fresh", "unused"),
    [
        ("quantiles.levels=[0.25, 0.75]", BAND, BAND),
        ("quantiles.levels=[0.05, 0.1, 0.9, 0.95]", BAND, BAND),
        ("quantiles.order=independent", BAND, BAND),
        ("data.horizons=[1, 2, 3]", ("central_heads.2", "lower_heads.2", "upper_heads.2"), ()),
    ],
)
def test_the_rest_starts_anew_and_is_named(
    source: Path, run: Path, override: str, fresh: tuple[str, ...], unused: tuple[str, ...]
) -> None:
    spec = tiny_spec(source, [override, "seed=8"])
    warm = assemble(tiny_spec(source, [override, "seed=8", f"init_from={run}"]))
    assert warm.initial is not None
    assert warm.initial.fresh == fresh
    assert warm.initial.unused == unused
    cold, own = assemble(spec).module.forecaster.state_dict(), warm.module.forecaster.state_dict()
    assert all(torch.equal(cold[name], own[name]) for name in own if name.startswith(fresh))
    assert all(torch.equal(weights(run)[name], own[name]) for name in own if not name.startswith(fresh))


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model.hidden=[4, 4]", r"convlstm.cells.1.gates.weight is not in the run"),
        ("model.hidden=[5]", r"convlstm.cells.0.gates.weight has the shape \(20, 7, 3, 3\) here and \(16, 6, 3, 3\)"),
        ("model.residual=false", r"central_heads.0.share of the run has no place here"),
        ("model.heads.hidden=null", r"central_heads.0.hidden.0.weight of the run has no place here"),
    ],
)
def test_a_part_is_never_taken_over_by_half(source: Path, run: Path, override: str, words: str) -> None:
    with pytest.raises(CheckFailed, match=words):
        assemble(tiny_spec(source, [f"init_from={run}", override]))


def test_calendar_channels_in_another_order_are_refused(source: Path, run: Path) -> None:
    with pytest.raises(SpecError, match=r"reads the calendar channels \[\], found \['month'\]"):
        assemble(tiny_spec(source, [f"init_from={run}", "data.calendar=[month]"]))


def test_what_an_ancestor_has_seen_is_not_judged_on_either(source: Path, run: Path, tmp_path: Path) -> None:
    """`run` has seen the first 60 %, the one that starts from it only the middle."""
    middle = "data.split={train: [1996-06, 1998-06], val: [1998-07, 1999-06]}"
    train(
        tiny_spec(source, [f"init_from={run}", middle, "calibration=null", "trainer.max_epochs=1"]),
        run_dir=tmp_path / "next",
    )
    early = "data.split={train: [1998-01, 1999-06], val: [1999-07, 1999-12], test: [1995-04, 1996-01]}"
    with pytest.raises(SpecError, match=rf"{run} has seen \d+ of the \d+ dates of test in training"):
        assemble(tiny_spec(source, [f"init_from={tmp_path / 'next'}", early, "calibration=null"]))


def test_a_plateau_waits_for_what_trains(source: Path, run: Path, tmp_path: Path) -> None:
    """Where the central forecast is frozen its error stands still, which is no plateau of the training."""
    overrides = [f"init_from={run}", "freeze=[backbone, central]", "quantiles.levels=[0.25, 0.75]"]
    schedule = "optim.schedule={name: plateau, warmup: 0, plateau: {patience: 1, factor: 0.1}}"
    train(tiny_spec(source, [*overrides, schedule, "trainer.max_epochs=5", "optim.lr=0.003"]), run_dir=tmp_path / "n")
    rows = (tmp_path / "n" / "metrics.csv").read_text().splitlines()
    rates = {row.split(",")[rows[0].split(",").index("lr")] for row in rows[1:]}
    assert rates == {"0.003"}


def test_a_group_is_not_frozen_at_random_weights_beside_loaded_ones(source: Path, run: Path) -> None:
    common = [f"init_from={run}", "data.horizons=[1, 2, 3]"]
    with pytest.raises(SpecError, match=r"central would be frozen at random weights: .* has no central_heads.2"):
        assemble(tiny_spec(source, [*common, "freeze=[backbone, central]"]))
    assemble(tiny_spec(source, [*common, "freeze=[backbone]"]))


def test_a_group_that_is_frozen_without_a_warm_start_is_noted(source: Path) -> None:
    spec = tiny_spec(source, ["freeze=[backbone]"])
    assert "backbone is frozen at its random initial weights" in check(spec).notes


def test_the_report_lies_in_the_run(source: Path, run: Path, tmp_path: Path) -> None:
    overrides = [f"init_from={run}", "freeze=[backbone, central]", "quantiles.levels=[0.25, 0.75]"]
    train(tiny_spec(source, [*overrides, "trainer.max_epochs=1"]), run_dir=tmp_path / "next")
    report = json.loads((tmp_path / "next" / "init_from.json").read_text())
    assert report == {
        "run": str(run),
        "loaded": ["convlstm", *HEADS],
        "fresh": list(BAND),
        "unused": list(BAND),
    }


def test_what_is_frozen_has_no_dropout_and_no_gradient(source: Path, run: Path) -> None:
    experiment = assemble(tiny_spec(source, [f"init_from={run}", "freeze=[backbone]"]))
    module = experiment.module
    batch = next(iter(experiment.loaders.train_dataloader()))
    for _ in range(2):
        module.train()
        assert module.forecaster.central_heads.training
        assert not any(part.training for part in module.forecaster.convlstm.modules())
        assert torch.equal(module(batch).central, module(batch).central)
    assert all(not p.requires_grad for p in module.forecaster.convlstm.parameters())
