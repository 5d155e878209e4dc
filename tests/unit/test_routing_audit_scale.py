"""An audit measures at training's own scale, and at any size of numbers."""

import pytest
import torch
from support.routed_nets import ROUTES, BandNet, band_plan, fields, weighted
from torch import Tensor

from stq.routing import Audit, Auditor, Router, Step, audit_step, pruned

Losses = dict[str, Tensor]


class Faint(BandNet):
    """Gradients of 1e-7, in half precision."""

    def losses(self, fields: Tensor, truth: Tensor) -> Losses:
        with torch.autocast("cpu", torch.float16):
            losses = super().losses(fields, truth)
        return {name: 1e-7 * loss.float() for name, loss in losses.items()}


def audited_under(scaler: torch.amp.GradScaler, net: BandNet) -> Audit:
    """One step of mixed precision in a loop of one's own."""
    router = Router(band_plan(net))
    router.probe = auditor = Auditor(net)
    router.backward(scaler.scale(router.total(net.losses(*fields()))))
    auditor.after_backward()
    return auditor.result()


def test_gradients_that_the_gradient_scaler_saves_are_not_dead() -> None:
    saved = audited_under(torch.amp.GradScaler("cpu"), Faint(dropout=0.0))
    assert saved.problems == ()
    net = BandNet(dropout=0.0)
    exact = audit_step(band_plan(net), Step(net.losses(*fields()), torch.tensor(0.0)), pruned)
    for found, expected in zip(saved.cells, exact.cells, strict=True):
        assert found.raw_norm == pytest.approx(1e-7 * expected.raw_norm, rel=0.02)
    lost = audited_under(torch.amp.GradScaler("cpu", enabled=False), Faint(dropout=0.0))
    assert lost.verdict == "dead"


@pytest.mark.parametrize(("power", "runs"), [(4, True), (16, None), (24, None), (40, False)])
def test_an_overflow_that_a_gradient_scaler_would_skip_is_no_fault(power: int, runs: bool | None) -> None:
    """The scaler starts too high and comes down; so does the audit, and it leaves out the backward that overflows."""

    class Half(BandNet):
        def losses(self, fields: Tensor, truth: Tensor) -> Losses:
            with torch.autocast("cpu", torch.float16):
                return {name: loss.float() for name, loss in super().losses(fields, truth).items()}

    net = Half(dropout=0.0)
    router = Router(band_plan(net))
    router.probe = auditor = Auditor(net)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**power)
    router.backward(scaler.scale(router.total(net.losses(*fields()))))
    ran = [p.grad is not None for p in net.parameters()]
    auditor.after_backward()
    assert auditor.result().problems == ()
    assert runs is None or set(ran) == {runs}


@pytest.mark.parametrize("factor", [1e-3, 0.3, 7.0, 2.0**20])
def test_norms_do_not_contain_what_the_total_is_multiplied_by(factor: float) -> None:
    norms = []
    for scale in (1.0, factor):
        net = BandNet(dropout=0.0)
        router = Router(band_plan(net))
        router.probe = auditor = Auditor(net)
        router.backward(scale * router.total(net.losses(*fields())))
        auditor.after_backward()
        assert auditor.result().problems == ()
        norms.append([cell.raw_norm for cell in auditor.result().cells])
    assert norms[0] == norms[1]


@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_norms_neither_underflow_nor_overflow(factor: float) -> None:
    net = BandNet(dropout=0.0).double()
    losses = net.losses(*(field.double() for field in fields()))
    expected = audit_step(band_plan(net), Step(losses, torch.tensor(0.0)), pruned)
    audit = audit_step(band_plan(net, weighted(ROUTES, factor)), Step(losses, torch.tensor(0.0)), pruned)
    assert audit.problems == ()
    for found, one in zip(audit.cells, expected.cells, strict=True):
        assert found.raw_norm == pytest.approx(factor * one.raw_norm, rel=1e-9)
    for found, one in zip(audit.conflicts, expected.conflicts, strict=True):
        assert found.cosine == pytest.approx(one.cosine, abs=1e-9)
