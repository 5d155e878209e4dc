"""`check`: what fails before anything trains, where it points, and what it says of memory and frames."""

import runpy
from pathlib import Path

import pytest
import torch
from support.tiny_runs import tiny_spec

from stq.app import RunFolder, check, train
from stq.app._assembly import assemble
from stq.app._calibrate import read_calibration
from stq.app._memory import memory_of
from stq.calibration import calibration_notes
from stq.errors import DataError, SpecError, StqError
from stq.training import fit

peak_bytes = runpy.run_path(str(Path(__file__).parents[1] / "bench" / "peak_memory.py"))["peak_bytes"]


PATCH = "data.patch={size: 4, overlap: 0}"
MISSPELT = "groups={backbone: [convlstmm.*], central: [central_heads.*], quantiles: [lower_heads.*]}"
REFUSED = [
    (
        [PATCH, "losses=[{loss: ssim, window: 5}, pinball]"],
        SpecError,
        "a field of 4 x 4",
        "window",
    ),
    (["data.patch={size: 2, overlap: 0}", "losses=[laplacian, pinball]"], SpecError, "no 3 pyramid levels", "most"),
    (["losses=[ssim, pinball]"], SpecError, "window of 11 cells does not fit into a field of 8 x 8", "window: 7"),
    (["data.horizons=[1, 9]"], DataError, "calibration holds no window", "shorten data.history or data.horizons"),
    (["data.source=none.nc"], DataError, "none.nc: no such file", ""),
    (["data.source=none/*.nc"], DataError, "no file matches this pattern", ""),
    (["data.history=80"], DataError, "the series is too short", "shorten data.history"),
    (["data.history=40"], DataError, "train holds no window", "give it more steps"),
    (["losses=[mse]"], SpecError, "updates the group 'quantiles'", "tag a loss with it"),
    (["freeze=[quantile]"], SpecError, "no parameter group 'quantile'", "'quantiles'"),
    (["optim.groups={centre: {lr: 1}}"], SpecError, "no parameter group 'centre'", "'central'"),
    (
        [MISSPELT],
        SpecError,
        "matches no parameter",
        "'convlstm.*'",
    ),
    (["groups={backbone: [convlstm.*]}", "losses=[{loss: mse, updates: [backbone]}]"], SpecError, "is in no group", ""),
]


@pytest.mark.parametrize(("overrides", "kind", "message", "hint"), REFUSED)
def test_what_does_not_fit_together_is_refused_at_its_place(
    source: Path, overrides: list[str], kind: type[StqError], message: str, hint: str
) -> None:
    stages: list[str] = []
    with pytest.raises(kind) as caught:
        check(tiny_spec(source, overrides), passed=stages.append)
    text = str(caught.value)
    assert message in text
    assert hint in text
    assert "^" in text
    assert "--set" in text or "spec:" in text
    assert stages == (["plugins"] if kind is DataError else ["plugins", "data"])


def test_a_batch_is_tried_when_asked_for_and_few_frames_are_warned_of(source: Path) -> None:
    stages: list[str] = []
    loaded = tiny_spec(source, ["quantiles.levels=[0.025, 0.975]"])
    result = check(loaded, build=True, passed=stages.append)
    assert stages == ["plugins", "data", "network", "batch"]
    assert result.gradients == "pass"
    assert "asks for 19" in result.warnings[0]
    assert check(tiny_spec(source, ["calibration=null"])).warnings == ()


def test_frames_are_counted_by_group_before_training_as_after_it(source: Path, tmp_path: Path) -> None:
    wide = ["quantiles.levels=[0.3, 0.7]", "trainer.max_epochs=1"]
    assert check(tiny_spec(source, wide)).warnings == ()
    for by in ("[horizon, variable, month]", "[variable, month]", "[horizon, season]"):
        loaded = tiny_spec(source, [*wide, f"calibration.by={by}"])
        run = RunFolder(tmp_path / by)
        train(loaded, run_dir=run.path)
        found = check(loaded).warnings
        assert found == calibration_notes(read_calibration(run))
        assert any(words.startswith("few frames to calibrate on in ") for words in found)
        assert any(words.startswith("no calibration frame, at one horizon or more, of ") for words in found)


@pytest.mark.parametrize("again", [[], ["model.checkpoint_activations=true"]], ids=["kept", "computed again"])
@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["model.hidden=[16, 16]", "data.batch_size=16"],
        ["losses=[mse]", "quantiles=null", "model.hidden=[32]"],
        ["model.hidden=[32]", "data.history=12"],
    ],
)
def test_the_estimate_of_memory_is_within_a_factor_of_two_of_what_a_step_holds(
    source: Path, overrides: list[str], again: list[str]
) -> None:
    loaded = tiny_spec(source, [*overrides, *again])
    experiment = assemble(loaded)
    estimate = memory_of(experiment)
    assert estimate.activations is not None
    assert estimate.data == 60 * 2 * 8 * 8 * 4
    module, loaders = experiment.module, experiment.loaders

    def step() -> None:
        fit(module, loaders, loaded.spec.trainer, checkpoints=None, trial=True)

    peak = peak_bytes(step, torch.device("cpu"))
    assert peak / 2 < estimate.parameters + estimate.activations < 2 * peak


def test_more_memory_than_there_is_does_not_fit(source: Path) -> None:
    estimate = check(tiny_spec(source)).memory
    assert estimate is not None
    assert estimate.fits
    assert not type(estimate)(estimate.parameters, 2**40, estimate.data, 2**30, "cpu").fits
