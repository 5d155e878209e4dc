"""Every fault in tags, groups and gradients is caught by name, by check-grads and by train."""

from pathlib import Path

import pytest
from support.command_line import document, stq

FAULTY = '''
import torch
from stq import hookimpl
from stq.losses import Loss, masked_mean


class HardHistogram(Loss):
    """Counts in hard bins: a number without a gradient."""

    name = "hard_histogram"
    updates = ("backbone", "central")

    def forward(self, forecast, target):
        edges = torch.linspace(-3, 3, 9)
        def counts(field):
            return torch.bucketize(field.detach(), edges).double().flatten().histc(9, 0, 9)
        return (counts(forecast.central) - counts(target.values)).abs().mean().float()


class HardHistogramWithGraph(HardHistogram):
    """The same, joined to the graph by a term that is always zero."""

    name = "hard_histogram_with_graph"

    def forward(self, forecast, target):
        return super().forward(forecast, target) + 0.0 * forecast.central.sum()


class Detached(Loss):
    """A mean square of a detached forecast."""

    name = "detached"
    updates = ("backbone", "central")

    def forward(self, forecast, target):
        return masked_mean((forecast.central.detach() - target.values) ** 2, target.valid)


class Vector(Loss):
    """One number for each sample."""

    name = "vector"
    updates = ("backbone", "central")

    def forward(self, forecast, target):
        return (forecast.central - target.values).square().flatten(1).mean(1)


@hookimpl
def stq_losses():
    return [HardHistogram, HardHistogramWithGraph, Detached, Vector]
'''

FAULTS = {
    "a tag that it does not reach": ("losses.mse.updates=[backbone, central, quantiles]", 4, ("mse", "quantiles")),
    "pinball on anchored central heads": ("losses.pinball.updates=[quantiles, central]", 4, ("pinball", "central")),
    "a hard-binned histogram": ("losses=[mse, pinball, hard_histogram]", 4, ("hard_histogram",)),
    "one with a graph": ("losses=[mse, pinball, hard_histogram_with_graph]", 4, ("hard_histogram_with_graph",)),
    "a detached loss": ("losses=[mse, pinball, detached]", 4, ("detached",)),
    "a loss that is no scalar": ("losses=[mse, pinball, vector]", 2, ("vector", "scalar")),
    "a group that matches nothing": (
        "groups={backbone: [convlstm.*, decoder.*], central: [central_*], quantiles: [lower_*, upper_*]}",
        2,
        ("decoder.*", "matches no parameter"),
    ),
    "a parameter in two groups": (
        "groups={backbone: [convlstm.*, central_heads.0.*], central: [central_*], quantiles: [lower_*, upper_*]}",
        2,
        ("central_heads.0.", "two groups", "'backbone'", "'central'"),
    ),
    "a parameter in no group": (
        "groups={backbone: [convlstm.*], central: [central_*], quantiles: [lower_*]}",
        2,
        ("upper_heads.0.", "no group"),
    ),
    "a group that no loss updates": ("losses=[{loss: mse, updates: [backbone]}, pinball]", 2, ("central",)),
}


@pytest.mark.parametrize("command", ["check-grads", "train"])
@pytest.mark.parametrize(("change", "code", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_caught_by_name(
    spec: Path, workplace: Path, change: str, code: int, words: tuple[str, ...], command: str
) -> None:
    plugin = workplace / "faulty.py"
    plugin.write_text(FAULTY)
    result = stq(command, spec, "--set", f"plugins=[{plugin}]", "--set", change, "--json")
    assert result.exit_code == code, result.output
    found = document(result)
    text = str(found["problems"]) if "problems" in found else found["error"]["message"]
    assert all(word in text for word in words), text
    assert not (workplace / "runs").exists()


def test_a_leak_is_seen_although_its_loss_is_tiny(spec: Path) -> None:
    changes = ("--set", "routing.engine=joint", "--set", "losses.pinball.weight=1e-9")
    result = stq("check-grads", spec, *changes, "--json")
    assert result.exit_code == 4
    assert document(result)["verdict"] == "leak"
