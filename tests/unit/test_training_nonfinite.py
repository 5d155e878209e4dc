"""What is said of numbers that are not finite, and what is saved where there are any."""

from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
import torch
from support.tiny_runs import tiny_spec

from stq.app import train
from stq.app._assembly import assemble
from stq.errors import NonFiniteError
from stq.training._blame import broken_parts, losses_to_blame
from stq.training._nonfinite import LISTED, broken_groups, issued
from stq.training._skipped_steps import IN_A_ROW, SkippedSteps
from stq.training._validation import Validation


def test_the_dates_of_windows_are_each_said_once_and_of_many_the_first_few() -> None:
    assert issued([3, 1, 3], lambda index: f"day {index}") == "windows issued at day 1, day 3"
    many = issued(range(LISTED + 5), str)
    assert many.endswith(f", {LISTED - 1} and 5 more")
    assert issued([], str) == ""


def test_a_weight_or_what_the_optimiser_keeps_for_it_names_its_group(source: Path) -> None:
    module = assemble(tiny_spec(source)).module
    groups = {group.name: group for group in module.router.plan.groups}
    optimiser = torch.optim.AdamW(module.forecaster.parameters())
    assert broken_groups(module.router.plan.groups, optimiser) == []
    with torch.no_grad():
        groups["quantiles"].tensors()[0].view(-1)[0] = nan
    optimiser.state[groups["backbone"].tensors()[0]] = {"exp_avg": torch.tensor([0.0, inf]), "step": torch.tensor(3.0)}
    assert broken_groups(module.router.plan.groups, optimiser) == ["backbone", "quantiles"]
    assert broken_groups(module.router.plan.groups) == ["quantiles"]


def test_a_target_that_does_not_count_is_not_to_blame(source: Path) -> None:
    experiment = assemble(tiny_spec(source))
    batch = next(iter(experiment.loaders.train_dataloader()))
    assert broken_parts(batch, str) == ""
    values, valid = batch.values.clone(), batch.valid.clone()
    values[1, 0, 0, 2, 2] = nan
    valid[1, 0, 0, 2, 2] = False
    assert broken_parts(batch._replace(values=values, valid=valid), str) == ""
    assert broken_parts(batch._replace(values=values), str).startswith("Not finite: targets of the windows issued at")


def test_the_loss_with_the_slope_that_is_not_finite_is_found(source: Path) -> None:
    experiment = assemble(tiny_spec(source))
    module, batch = experiment.module, next(iter(experiment.loaders.train_dataloader()))
    losses = module.loss_values(module(batch), batch)
    losses["pinball"] = losses["pinball"] + (losses["pinball"] - losses["pinball"]).sqrt()
    assert losses_to_blame(losses, module.router.plan) == ["pinball"]


def test_steps_left_out_in_a_row_are_counted_until_one_is_made() -> None:
    skipped = SkippedSteps()
    for _ in range(IN_A_ROW - 1):
        skipped.leave_out("the loss")
    skipped.made()
    again = SkippedSteps()
    again.load(skipped.state())
    for _ in range(IN_A_ROW - 1):
        again.leave_out("the loss")
    with pytest.raises(NonFiniteError, match=f"{IN_A_ROW} steps in a row .* the loss"):
        again.leave_out("the loss")
    assert again.total == 2 * IN_A_ROW - 1


def test_no_run_skips_unless_told_to(source: Path, tmp_path: Path) -> None:
    result = train(tiny_spec(source, ["trainer.max_epochs=1"]), run_dir=tmp_path / "run")
    assert result.to_dict()["skipped_steps"] == 0
    header, row = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["skipped_steps"] == "0"


def test_a_batch_of_which_nothing_counts_is_not_to_blame_for_a_validation(source: Path) -> None:
    """As the last one of a process has that fills up its turn with a sample of no account."""
    experiment = assemble(tiny_spec(source))
    module, batch = experiment.module, next(iter(experiment.loaders.train_dataloader()))
    found = Validation(module.loss_names)
    for number, counts in enumerate((True, False, True)):
        forecast = module(batch)
        if number == 2:
            forecast = replace(forecast, central=torch.full_like(forecast.central, nan))
        here = batch._replace(valid=batch.valid & counts, time=torch.full_like(batch.time, number))
        found.add(here, forecast, module.loss_values(forecast, here))
    assert set(found.broken_windows(module.loss_names)) == {2}
