"""Set-ups that are unusual and right raise no alarm, through the real training step under a real Trainer."""

from collections.abc import Callable

import pytest
import torch
from pytorch_lightning import LightningModule
from support.odd_modules import ODD
from support.routed_nets import known_warnings, loader

from stq.training import audit_module


@pytest.mark.parametrize("made", ODD.values(), ids=ODD.keys())
def test_no_alarm(made: Callable[[], LightningModule]) -> None:
    torch.manual_seed(0)
    with known_warnings():
        audit, _ = audit_module(made(), loader(), steps=2)
    assert audit.problems == ()
    assert audit.verdict == "pass"
    assert audit.steps == 2
