"""The backbone against its equations."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from stq.models import ConvLSTM, ConvLSTMCell


def equations(cell: ConvLSTMCell, x: torch.Tensor, h: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Shi et al. (2015), equation 3, with two convolutions a gate and nothing left out."""
    gates = []
    for weight, bias in zip(cell.gates.weight.chunk(4), cell.gates.bias.chunk(4), strict=True):
        from_x = F.conv2d(x, weight[:, : cell.inputs], bias, padding="same")
        gates.append(from_x + F.conv2d(h, weight[:, cell.inputs :], padding="same"))
    i, f, o = (torch.sigmoid(gate) for gate in gates[:3])
    c = f * c + i * torch.tanh(gates[3])
    return o * torch.tanh(c), c


def test_a_sequence_follows_the_equations_of_the_paper() -> None:
    torch.manual_seed(0)
    backbone = ConvLSTM(3, [4, 16, 5], kernel=3).double()
    inputs = torch.randn(2, 4, 3, 6, 7, dtype=torch.float64)
    steps = list(inputs.unbind(1))
    for cell in backbone.cells:
        h = c = torch.zeros(2, cell.hidden, 6, 7, dtype=torch.float64)
        for t, x in enumerate(steps):
            h, c = equations(cell, x, h, c)
            steps[t] = h
    torch.testing.assert_close(backbone(inputs), steps[-1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("hidden", [4, 16])
def test_leaving_out_the_zero_state_changes_no_number(hidden: int) -> None:
    torch.manual_seed(0)
    cell = ConvLSTMCell(3, hidden, kernel=5).double()
    x = torch.randn(2, 3, 6, 7, dtype=torch.float64)
    zeros = torch.zeros(2, hidden, 6, 7, dtype=torch.float64)
    for skipped, full in zip(cell(x, None), cell(x, (zeros, zeros)), strict=True):
        torch.testing.assert_close(skipped, full, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("hidden", [[16], [24], [32, 20]])
def test_one_convolution_or_two_give_the_same_gradients(hidden: list[int]) -> None:
    torch.manual_seed(0)
    found = []
    backbone = ConvLSTM(3, hidden, kernel=3)
    inputs = torch.randn(2, 3, 3, 6, 7, requires_grad=True)
    assert [cell.apart for cell in backbone.cells] == [width % 16 == 0 for width in hidden]
    for apart in (True, False):
        for cell in backbone.cells:
            cell.apart = apart
        last = backbone(inputs)
        found.append([last, *torch.autograd.grad(last.square().sum(), [inputs, *backbone.parameters()])])
    for two, one in zip(*found, strict=True):
        torch.testing.assert_close(two, one, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("hidden", [[16], [24], [16, 8]])
def test_the_last_state_is_that_of_the_package_that_people_copy(hidden: list[int]) -> None:
    peer = pytest.importorskip("conv_lstm", reason="the oracle conv-lstm is not installed")
    torch.manual_seed(0)
    backbone, copied = ConvLSTM(5, hidden, kernel=3), peer.ConvLSTM(5, hidden, 3, len(hidden))
    copied.load_state_dict(dict(zip(copied.state_dict(), backbone.state_dict().values(), strict=True)))
    inputs = torch.randn(2, 6, 5, 12, 11)
    layers, states = copied(inputs)
    for last in (states[-1][0], layers[-1][:, -1]):
        torch.testing.assert_close(backbone(inputs), last, rtol=0, atol=1e-6)


def test_the_forget_gate_starts_open() -> None:
    cell = ConvLSTMCell(3, 4, kernel=3)
    bias = cell.gates.bias.view(4, 4)
    assert (bias[1] == 1).all()
    assert (bias[[0, 2, 3]] != 1).all()


def test_layers_are_named_cells_and_every_weight_gets_a_gradient() -> None:
    torch.manual_seed(0)
    backbone = ConvLSTM(3, [4, 5], kernel=3)
    backbone(torch.randn(2, 3, 3, 6, 7)).sum().backward()
    gradients = {name: p.grad for name, p in backbone.named_parameters()}
    assert set(gradients) == {f"cells.{i}.gates.{part}" for i in (0, 1) for part in ("weight", "bias")}
    assert all(gradient is not None and (gradient != 0).any(dim=0).all() for gradient in gradients.values())


def test_dropout_leaves_out_whole_maps_in_training_and_nothing_otherwise() -> None:
    torch.manual_seed(0)
    backbone = ConvLSTM(2, [64], kernel=3, dropout=0.5)
    inputs = torch.randn(1, 2, 2, 6, 7)
    dropped = (backbone(inputs) == 0).flatten(2)
    assert 10 < dropped.all(dim=2).sum() < 54
    assert torch.equal(dropped.all(dim=2), dropped.any(dim=2))
    backbone.eval()
    assert torch.equal(backbone(inputs), backbone(inputs))
    assert (backbone(inputs) != 0).all()


def test_one_input_step_is_enough() -> None:
    backbone = ConvLSTM(2, [3], kernel=1)
    assert backbone(torch.randn(1, 1, 2, 1, 1)).shape == (1, 3, 1, 1)
    assert isinstance(backbone.cells, nn.ModuleList)


@pytest.mark.parametrize("hidden", [[4], [4, 16, 3]])
def test_checkpointed_activations_give_the_same_bits_and_hold_far_less(hidden: list[int]) -> None:
    """With dropout on, through two backward passes over one graph, as routing makes them."""
    inputs = torch.randn(2, 6, 3, 6, 7, requires_grad=True)
    found = []
    for checkpoint_activations in (False, True):
        torch.manual_seed(1)
        backbone = ConvLSTM(3, hidden, kernel=3, dropout=0.5, checkpoint_activations=checkpoint_activations)
        kept: dict[int, int] = {}
        with torch.autograd.graph.saved_tensors_hooks(lambda t, kept=kept: keep(t, kept), lambda t: t):
            states = backbone(inputs)
        roots = states.square().sum(), states.sum()
        gradients = [torch.autograd.grad(r, [inputs, *backbone.parameters()], retain_graph=True) for r in roots]
        found.append((states.detach(), gradients, sum(kept.values())))
    (states, gradients, held), (same_states, same_gradients, less) = found
    assert torch.equal(states, same_states)
    for ours, theirs in zip(gradients, same_gradients, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert less < held / 2


def keep(tensor: torch.Tensor, kept: dict[int, int]) -> torch.Tensor:
    """Count the memory of what autograd saves, each piece of memory once."""
    storage = tensor.untyped_storage()
    kept[storage.data_ptr()] = storage.nbytes()
    return tensor
