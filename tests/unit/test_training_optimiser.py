"""From `optim` to an optimiser: every group with the settings of its own, whichever algorithm moves it."""

import pytest
import torch
from torch import nn

from stq.routing import Groups
from stq.spec import OptimSpec
from stq.training import CompositeOptimiser
from stq.training._optimiser import ALGORITHMS, build_optimiser


def groups_of(freeze: tuple[str, ...] = ()) -> Groups:
    """Three groups of a weight and a bias each."""
    net = nn.ModuleDict({name: nn.Linear(2, 3) for name in ("backbone", "central", "quantiles")})
    return Groups.of(net, {name: [f"{name}.*"] for name in net}, freeze)


def built(optim: dict[str, object], freeze: tuple[str, ...] = ()) -> torch.optim.Optimizer:
    return build_optimiser(groups_of(freeze), OptimSpec.model_validate(optim))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_is_torchs_own(name: str) -> None:
    assert type(built({"name": name})).__name__.lower() == name


def test_a_group_has_its_own_settings_before_those_of_the_rest() -> None:
    optimiser = built(
        {"lr": 0.1, "betas": [0.8, 0.9], "groups": {"central": {"lr": 0.2, "betas": [0.5, 0.6], "weight_decay": 0}}}
    )
    assert type(optimiser) is torch.optim.AdamW
    found = {g["name"]: (g["lr"], g["betas"], g["weight_decay"]) for g in optimiser.param_groups}
    assert found == {
        "backbone": (0.1, (0.8, 0.9), 1e-4),
        "central": (0.2, (0.5, 0.6), 0),
        "quantiles": (0.1, (0.8, 0.9), 1e-4),
    }


def test_another_algorithm_for_a_group_makes_a_composite() -> None:
    optim = {
        "name": "sgd",
        "lr": 0.1,
        "momentum": 0.9,
        "groups": {"central": {"name": "adam"}, "quantiles": {"momentum": 0, "lr": 0.3}},
    }
    optimiser = built(optim)
    assert isinstance(optimiser, CompositeOptimiser)
    assert [type(part).__name__ for part in optimiser.parts] == ["SGD", "Adam"]
    found = {g["name"]: (g["lr"], g.get("momentum"), g.get("betas")) for g in optimiser.param_groups}
    assert found == {
        "backbone": (0.1, 0.9, None),
        "quantiles": (0.3, 0, None),
        "central": (0.1, None, (0.9, 0.999)),
    }


def test_the_name_of_the_rest_is_no_other_algorithm() -> None:
    assert type(built({"groups": {"central": {"name": "adamw"}}})) is torch.optim.AdamW


def test_a_frozen_group_is_left_out_and_with_it_its_algorithm() -> None:
    optimiser = built({"groups": {"central": {"name": "sgd"}}}, freeze=("central",))
    assert type(optimiser) is torch.optim.AdamW
    assert [group["name"] for group in optimiser.param_groups] == ["backbone", "quantiles"]
