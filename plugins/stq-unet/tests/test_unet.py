"""Only what stq makes public is used here, as in any plugin's own tests."""

from pathlib import Path

import pytest
import torch
from stq_unet import UNet, stq_models

from stq.app import RunFolder, check_grads, evaluate, predict, train
from stq.models import build_model
from stq.registry import load_models
from stq.spec import load_spec
from stq.testing import check_model, tiny_batch, tiny_model_context, tiny_spec

SMALL = "model: {name: unet, width: 4, depth: 2, heads: {hidden: 4}}"
EXAMPLE = Path(__file__).parents[1] / "examples" / "nasa-unet.yaml"


@pytest.mark.parametrize("options", [{"width": 4}, {"width": 4, "depth": 3, "dropout": 0.0}])
def test_the_unet_keeps_the_contract(options):
    check_model(UNet, options).raise_for_failures()


def test_stq_finds_the_unet_by_its_entry_point():
    assert load_models().get("unet").cls is UNet
    assert load_models().get("unet").distribution == "stq-unet"
    assert stq_models() == [UNet]


def test_padding_changes_nothing_that_the_network_does_not_see():
    """Sides that 4 divides are not padded: cutting and padding by hand gives the same maps."""
    model = build_model(UNet, {"width": 4, "depth": 2, "dropout": 0.0}, tiny_model_context(size=(6, 7)))
    inputs = tiny_batch((6, 7)).inputs
    grown = torch.cat([inputs, inputs[..., -1:, :].expand(-1, -1, -1, 2, -1)], dim=-2)
    grown = torch.cat([grown, grown[..., -1:]], dim=-1)
    torch.testing.assert_close(model.features(inputs), model.features(grown)[..., :6, :7])


def test_every_step_of_the_history_and_every_scale_is_read():
    model = build_model(UNet, {"width": 4, "depth": 2, "dropout": 0.0}, tiny_model_context(size=(16, 16)))
    inputs = tiny_batch((16, 16)).inputs.requires_grad_()
    [gradient] = torch.autograd.grad(model.features(inputs)[0, :, 8, 8].sum(), inputs)
    assert all(bool(step.any()) for step in gradient[0])
    assert bool(gradient[0, :, :, 0, 0].any())
    assert not bool(gradient[1].any())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of a few seconds; the levels leave something for a warm start to add."""
    folder = tmp_path_factory.mktemp("unet")
    spec = tiny_spec(folder, changes=[("model: {hidden: [4], heads: {hidden: 4}}", SMALL)])
    longer = ["trainer.max_epochs=25", "trainer.patience=null", "optim.lr=1e-2", "model.dropout=0"]
    result = train(load_spec(spec, longer), run_dir=folder / "run")
    return spec, folder / "run", result


def test_training_passes_the_audit_and_beats_persistence(trained):
    _, run, result = trained
    assert result.audit.audit.verdict == "pass"
    assert {cell.group for cell in result.audit.audit.cells} == {"backbone", "central", "quantiles"}
    verdicts = {(cell.loss, cell.group): cell.verdict for cell in result.audit.audit.cells}
    assert verdicts["pinball", "backbone"] == "blocked"
    scores = evaluate(RunFolder(run)).scores
    assert all(score.skill_persistence > 0 for score in scores)
    assert all(score.coverage is not None for score in scores)
    predict(RunFolder(run), (), run.parent / "out.nc")


def test_new_levels_are_fitted_to_a_finished_run_and_leave_its_central_forecast_alone(trained):
    spec, run, _ = trained
    warm = [
        f"init_from={run}",
        "model.dropout=0",
        "freeze=[backbone, central]",
        "quantiles.levels=[0.2, 0.8]",
        "losses=[pinball]",
    ]
    result = train(load_spec(spec, warm), run_dir=run.parent / "warm")
    assert result.audit.audit.verdict == "pass"
    before, after = (evaluate(RunFolder(folder)).scores for folder in (run, run.parent / "warm"))
    assert [score.rmse for score in before] == [score.rmse for score in after]


def test_the_example_is_accepted_and_its_audit_passes():
    assert check_grads(load_spec(EXAMPLE)).audit.verdict == "pass"


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("{name: unet, dpeth: 3}", r"the model unet has no option 'dpeth'(.|\n)*did you mean 'depth'"),
        ("{name: unet, depth: two}", "depth should be a valid integer, found 'two'"),
        ("{name: unet, hidden: [4]}", "the model unet has no option 'hidden'"),
        ("{name: unte}", "there is no model 'unte'; did you mean 'unet'"),
    ],
)
def test_options_are_checked_by_name_and_type_with_their_place(tmp_path, section, words):
    from stq.app import check
    from stq.errors import SpecError

    path = tiny_spec(tmp_path, changes=[("model: {hidden: [4], heads: {hidden: 4}}", f"model: {section}")])
    with pytest.raises(SpecError, match=words) as error:
        check(load_spec(path))
    assert error.value.problems[0].where.startswith(f"{path}:13:")
