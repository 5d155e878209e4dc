"""One composite of several optimisers steps as they do by themselves, bit for bit."""

import copy
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, NAdam, Optimizer, RAdam, RMSprop
from torch.optim.lr_scheduler import ExponentialLR, StepLR

from stq.training import CompositeOptimiser

MAKERS: dict[str, Callable[[list[nn.Parameter]], Optimizer]] = {
    "adamw": lambda group: AdamW([{"params": group, "lr": 0.01, "weight_decay": 0.1, "name": "a"}]),
    "adam": lambda group: Adam(group, lr=0.02, betas=(0.5, 0.9)),
    "sgd": lambda group: SGD(group, lr=0.1),
    "momentum": lambda group: SGD([{"params": [p], "lr": 0.1 + i} for i, p in enumerate(group)], momentum=0.9),
    "rmsprop": lambda group: RMSprop(group, momentum=0.5, weight_decay=0.01),
    "nadam": NAdam,
    "radam": RAdam,
}
KINDS = st.lists(st.sampled_from(sorted(MAKERS)), min_size=1, max_size=4)
SEEDS = st.integers(0, 2**32 - 1)


def groups(count: int, seed: int) -> list[list[nn.Parameter]]:
    """Two parameters for each of `count` groups."""
    generator = torch.Generator().manual_seed(seed)
    return [[nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((3, 2), (4,))] for _ in range(count)]


def give_gradients(parameters: list[list[nn.Parameter]], seed: int) -> None:
    """Random ones; some parameters get none."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in (p for group in parameters for p in group):
        gradient = torch.randn(parameter.shape, generator=generator)
        parameter.grad = gradient if torch.rand((), generator=generator) < 0.8 else None


def values(parameters: list[list[nn.Parameter]]) -> list[Tensor]:
    return [p.detach().clone() for group in parameters for p in group]


def same(a: list[list[nn.Parameter]], b: list[list[nn.Parameter]]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(values(a), values(b), strict=True))


def composite_of(kinds: list[str], parameters: list[list[nn.Parameter]]) -> CompositeOptimiser:
    return CompositeOptimiser([MAKERS[kind](group) for kind, group in zip(kinds, parameters, strict=True)])


@settings(max_examples=40)
@given(kinds=KINDS, seed=SEEDS, restored=st.integers(0, 4))
def test_a_composite_steps_as_its_parts_do_alone_and_after_a_restart(
    kinds: list[str], seed: int, restored: int
) -> None:
    """Through learning-rate schedules, and through a checkpoint before the step `restored`."""
    ours, theirs = groups(len(kinds), seed), groups(len(kinds), seed)
    composite = composite_of(kinds, ours)
    alone = [MAKERS[kind](group) for kind, group in zip(kinds, theirs, strict=True)]
    schedule, schedules = StepLR(composite, 2, 0.5), [StepLR(part, 2, 0.5) for part in alone]
    for step in range(5):
        if step == restored:
            state = copy.deepcopy((composite.state_dict(), schedule.state_dict()))
            composite = composite_of(kinds, ours)
            schedule = StepLR(composite, 2, 0.5)
            composite.load_state_dict(state[0])
            schedule.load_state_dict(state[1])
        for parameters in (ours, theirs):
            give_gradients(parameters, seed + step)
        composite.step()
        schedule.step()
        for part, its in zip(alone, schedules, strict=True):
            part.step()
            its.step()
        assert same(ours, theirs)
        rates = [group["lr"] for part in alone for group in part.param_groups]
        assert [group["lr"] for group in composite.param_groups] == rates


def test_the_closure_is_run_once_with_gradients_and_its_value_returned() -> None:
    parameters = groups(2, 0)
    composite = composite_of(["adam", "sgd"], parameters)
    calls = []

    def closure() -> Tensor:
        calls.append(torch.is_grad_enabled())
        composite.zero_grad()
        loss = sum((p.square().sum() for group in parameters for p in group), torch.tensor(0.0))
        loss.backward()
        return loss.detach()

    before = values(parameters)
    with torch.no_grad():
        value = composite.step(closure)
    assert calls == [True]
    assert value > 0
    assert all(not torch.equal(a, b) for a, b in zip(before, values(parameters), strict=True))
    composite.zero_grad()
    assert all(p.grad is None for group in parameters for p in group)


@pytest.mark.parametrize("overflow", [False, True])
def test_a_gradient_scaler_unscales_skips_and_counts_once(overflow: bool) -> None:
    kinds = ["adamw", "momentum"]
    ours, theirs = groups(2, 3), groups(2, 3)
    composite = composite_of(kinds, ours)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=1)
    give_gradients(ours, 1)
    give_gradients(theirs, 1)
    scaler.scale(torch.ones(()))  # what makes the scale
    for parameter in (p for group in ours for p in group):
        if parameter.grad is not None:
            parameter.grad *= 8
    if overflow:
        ours[1][0].grad = torch.full((3, 2), torch.inf)
    before = values(ours)
    scaler.unscale_(composite)
    scaler.step(composite)
    scaler.update()
    if overflow:
        assert all(torch.equal(a, b) for a, b in zip(before, values(ours), strict=True))
        assert scaler.get_scale() == 4.0
    else:
        for kind, group in zip(kinds, theirs, strict=True):
            MAKERS[kind](group).step()
        assert same(ours, theirs)
        assert scaler.get_scale() == 16.0


def test_a_later_group_is_refused_since_no_part_would_move_it() -> None:
    composite = composite_of(["adam", "sgd"], groups(2, 0))
    with pytest.raises(RuntimeError, match="no part of it"):
        composite.add_param_group({"params": groups(1, 1)[0]})


def test_a_copy_is_whole_and_by_itself() -> None:
    parameters = groups(2, 0)
    composite = composite_of(["adam", "momentum"], parameters)
    give_gradients(parameters, 0)
    composite.step()
    twin, its = copy.deepcopy((composite, parameters))
    for one in (parameters, its):
        give_gradients(one, 1)
    before, schedule = values(parameters), ExponentialLR(twin, 0.5)
    twin.step()
    assert all(torch.equal(a, b) for a, b in zip(before, values(parameters), strict=True))
    composite.step()
    assert same(parameters, its)
    schedule.step()
    assert all(group["lr"] != mine["lr"] for group, mine in zip(twin.param_groups, composite.param_groups, strict=True))
