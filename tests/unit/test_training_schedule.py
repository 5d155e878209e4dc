"""The rates with which a real Trainer steps are those that the spec describes."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from support.tiny_runs import tiny_spec
from torch import nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from stq.app._assembly import assemble
from stq.spec import ScheduleSpec
from stq.training import EpochEnded, ForecastModule, Started, Stepped, fit
from stq.training._schedule import build_schedule

EPOCHS, STEPS, RATE = 5, 20, 1e-3
"""The run below has 4 steps an epoch."""
WARM = 5
"""Steps of a warm-up of a quarter."""

Trace = list[dict[str, float]]


class Validations:
    """An observer that keeps what the validations gave."""

    def __init__(self) -> None:
        self.events: list[EpochEnded] = []

    def started(self, event: Started) -> None:
        """Nothing to do."""

    def stepped(self, event: Stepped) -> None:
        """Nothing to do."""

    def epoch_ended(self, event: EpochEnded) -> None:
        """Keep it."""
        self.events.append(event)


def traced(source: Path, monkeypatch: pytest.MonkeyPatch, overrides: Sequence[str]) -> tuple[Trace, list[EpochEnded]]:
    """The rate of every group at each step of a fit, and its validations."""
    trace: Trace = []

    def record(module: ForecastModule, optimiser: Optimizer) -> None:
        trace.append({group["name"]: float(group["lr"]) for group in optimiser.param_groups})

    monkeypatch.setattr(ForecastModule, "on_before_optimizer_step", record, raising=False)
    experiment = assemble(tiny_spec(source, [f"trainer.max_epochs={EPOCHS}", *overrides]))
    watch = Validations()
    trainer = experiment.loaded.spec.trainer
    fit(experiment.module, experiment.loaders, trainer, checkpoints=None, observers=[watch])
    return trace, watch.events


def warm(step: int) -> float:
    return min(1.0, (step + 1) / (WARM + 1))


FACTORS: dict[str, tuple[str, Callable[[int], float]]] = {
    "constant": ("{name: constant, warmup: 0}", lambda step: 1.0),
    "constant, warmed up": ("{name: constant, warmup: 0.25}", warm),
    "cosine": (
        "{warmup: 0.25}",
        lambda step: warm(step) if step < WARM else (1 + math.cos(math.pi * (step - WARM) / (STEPS - WARM))) / 2,
    ),
    "cosine by epoch": (
        "{interval: epoch, warmup: 0.25}",
        lambda step: warm(step) * (1 + math.cos(math.pi * (step // 4) / EPOCHS)) / 2,
    ),
    "stairs by epoch": (
        "{name: step, warmup: 0.25, step: {every: 2, factor: 0.5}}",
        lambda step: warm(step) * 0.5 ** (step // 4 // 2),
    ),
    "stairs by step": (
        "{name: step, warmup: 0, interval: step, step: {every: 3, factor: 0.5}}",
        lambda step: 0.5 ** (step // 3),
    ),
    "exponential by epoch": (
        "{name: exponential, warmup: 0, exponential: {factor: 0.9}}",
        lambda step: 0.9 ** (step // 4),
    ),
    "exponential by step": (
        "{name: exponential, warmup: 0.25, interval: step, exponential: {factor: 0.9}}",
        lambda step: warm(step) * 0.9**step,
    ),
}


@pytest.mark.parametrize("schedule", FACTORS)
def test_every_group_has_the_rate_that_the_formula_says(
    source: Path, monkeypatch: pytest.MonkeyPatch, schedule: str
) -> None:
    text, factor = FACTORS[schedule]
    own = "optim.groups={quantiles: {lr: 0.01}, central: {name: sgd}}"
    trace, _ = traced(source, monkeypatch, [f"optim.schedule={text}", own])
    assert len(trace) == STEPS
    for step, rates in enumerate(trace):
        expected = {"backbone": RATE, "central": RATE, "quantiles": 0.01}
        assert rates == pytest.approx({group: rate * factor(step) for group, rate in expected.items()}, rel=1e-12)


def test_a_short_last_window_is_one_step_of_the_schedule(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of 3 batches and of 1: two steps an epoch."""
    schedule = "optim.schedule={name: step, warmup: 0, interval: step, step: {every: 1, factor: 0.5}}"
    trace, _ = traced(source, monkeypatch, [schedule, "trainer.accumulate_grad_batches=3"])
    assert [rates["backbone"] for rates in trace] == [RATE * 0.5**step for step in range(2 * EPOCHS)]


def test_one_cycle_is_that_of_a_loop_of_ones_own(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace, _ = traced(
        source, monkeypatch, ["optim.schedule={name: one-cycle, warmup: 0.4}", "optim.groups={quantiles: {lr: 0.01}}"]
    )
    sets = [{"params": [nn.Parameter(torch.zeros(1))], "lr": rate} for rate in (RATE, RATE, 0.01)]
    optimiser = SGD(sets)
    cycle = OneCycleLR(optimiser, [RATE, RATE, 0.01], total_steps=STEPS, pct_start=0.4, cycle_momentum=False)
    for rates in trace:
        assert list(rates.values()) == [group["lr"] for group in optimiser.param_groups]
        optimiser.step()
        cycle.step()
    assert max(rates["quantiles"] for rates in trace) == 0.01


@pytest.mark.parametrize("monitor", ["val_central", "pinball"])
def test_a_plateau_follows_what_it_monitors(source: Path, monkeypatch: pytest.MonkeyPatch, monitor: str) -> None:
    plateau = f"optim.schedule={{name: plateau, warmup: 0, plateau: {{factor: 0.5, patience: 0, monitor: {monitor}}}}}"
    trace, events = traced(source, monkeypatch, ["optim.lr=1", plateau])
    rate, best, expected = 1.0, math.inf, []
    for event in events:
        expected += [rate] * 4
        value = event.val_central if monitor == "val_central" else event.validation_losses[monitor]
        if value < best * (1 - 1e-4):  # torch's own threshold
            best = value
        else:
            rate /= 2
    assert [rates["backbone"] for rates in trace] == expected
    assert expected[-1] < expected[0]


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("name", ["constant", "cosine", "step", "exponential", "plateau", "one-cycle"])
def test_no_schedule_fails_on_a_run_however_short(name: str, warmup: float, steps: int) -> None:
    """Rates stay above or at 0, at or below the group's own."""
    optimiser = SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    spec = ScheduleSpec.model_validate({"name": name, "warmup": warmup})
    schedulers = build_schedule(optimiser, spec, steps=steps, steps_per_epoch=2)
    for _ in range(steps):
        assert 0 <= optimiser.param_groups[0]["lr"] <= 0.5 * (1 + 1e-12)  # torch multiplies its way up
        optimiser.step()
        for clocked in schedulers:
            if clocked["interval"] == "step":
                clocked["scheduler"].step()
