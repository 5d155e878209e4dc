"""The audit raises no alarm where nothing is wrong."""

import pytest
import torch
from support.faulty_engines import ENGINES_WITH_FAULTS, pass_by_pass
from support.routed_nets import SOFT
from support.sound_steps import SOUND, banded, step_of
from torch import nn

from stq.routing import ENGINES, Groups, Route, audit_step, plan_routes, pruned

DROPPING_A_LOSS = ENGINES_WITH_FAULTS["drops a loss"][0]


@pytest.mark.parametrize("engine", ["pruned", "save-restore"])
@pytest.mark.parametrize("setup", SOUND)
def test_a_correct_set_up_raises_no_alarm(setup: str, engine: str) -> None:
    plan, step = SOUND[setup]()
    audit = audit_step(plan, step, ENGINES[engine])
    assert audit.problems == ()
    assert audit.verdict == "pass"
    assert audit.reference_difference == 0.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_another_order_of_adding_is_no_fault_and_a_missing_loss_is_one(dtype: torch.dtype) -> None:
    plan, step = banded(SOFT, dtype=dtype)
    audit = audit_step(plan, step, pass_by_pass)
    assert audit.reference_difference > 0
    assert audit.problems == ()
    assert audit_step(plan, step, DROPPING_A_LOSS).verdict == "mismatch"


def test_a_gradient_that_overflows_has_no_cosine() -> None:
    net = nn.Linear(2, 1, bias=False)
    plan = plan_routes(Groups.of(net, {"all": ["*"]}), dict.fromkeys("ab", Route(1.0, {"all": 1.0})))
    huge = net.weight.sum() * 3e38 * 10
    audit = audit_step(plan, step_of({"a": huge, "b": 2 * huge}), pruned)
    assert audit.verdict == "nonfinite"
    assert audit.conflicts == ()
