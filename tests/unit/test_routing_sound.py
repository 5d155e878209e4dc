"""Set-ups that are unusual and right raise no alarm, through the real training step under a real Trainer."""

from collections.abc import Callable

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.plugins import MixedPrecision
from support.faulty_nets import routed
from support.odd_modules import ODD
from support.routed_nets import ALL_SOFT, known_warnings, loader, state

from stq.training import audit_module
from stq.training._probe import WITHOUT_TRACE, AuditSteps, updates_withheld


@pytest.mark.parametrize("made", ODD.values(), ids=ODD.keys())
def test_no_alarm(made: Callable[[], LightningModule]) -> None:
    torch.manual_seed(0)
    with known_warnings():
        audit, _ = audit_module(made(), loader(), steps=2)
    assert audit.problems == ()
    assert audit.verdict == "pass"
    assert audit.steps == 2


def test_no_alarm_under_a_gradient_scaler_which_hears_of_no_audited_step() -> None:
    scaler = torch.amp.GradScaler("cpu", growth_interval=1)
    module = routed(routes=ALL_SOFT)
    weights = state(module.net)
    with known_warnings(), updates_withheld(module):
        precision = MixedPrecision("16-mixed", "cpu", scaler)
        auditing = AuditSteps(3)
        trainer = Trainer(accelerator="cpu", max_epochs=1, callbacks=[auditing], plugins=[precision], **WITHOUT_TRACE)
        trainer.fit(module, loader())
    assert auditing.result().problems == ()
    assert scaler.get_scale() == 65536
    assert all(torch.equal(value, weights[name]) for name, value in state(module.net).items())
    assert "optimizer_step" not in vars(module)
    assert module.router.probe is None
