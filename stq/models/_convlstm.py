"""The backbone: a stack of convolutional LSTM layers."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

VECTOR = 16
"""Channels that a convolution on a CPU takes at once: 32-bit numbers in 512 bits."""

State = tuple[Float[Tensor, "B hidden Y X"], Float[Tensor, "B hidden Y X"]]


class ConvLSTMCell(nn.Module):
    """One step of a convolutional LSTM, without peepholes.

    Shi et al. (2015), "Convolutional LSTM Network", arXiv:1506.04214, equation 3, without its terms W_c∘C:

        i, f, o = σ(W_x * X_t + W_h * H_{t-1} + b)      g = tanh(W_x * X_t + W_h * H_{t-1} + b)
        C_t = f ∘ C_{t-1} + i ∘ g                       H_t = o ∘ tanh(C_t)

    The weights of all four gates are one tensor, over the concatenation [X_t, H_{t-1}]; fields have zeros around them.
    The bias of the forget gate starts at 1 (Jozefowicz et al. 2015), so that a new network remembers.
    """

    def __init__(self, inputs: int, hidden: int, kernel: int) -> None:
        super().__init__()
        self.inputs = inputs
        self.hidden = hidden
        # Two convolutions, over X and over H, spare the gradient of X where nobody asks for it, but each must fill the
        # vectors of a CPU by itself: faster where H does, else one over both is (docs/performance.md).
        self.apart = hidden % VECTOR == 0
        self.gates = nn.Conv2d(inputs + hidden, 4 * hidden, kernel, padding=kernel // 2)
        with torch.no_grad():
            self.gates.get_parameter("bias")[hidden : 2 * hidden] = 1.0

    def forward(self, x: Float[Tensor, "B K Y X"], state: State | None) -> State:
        """The next (H, C). `state` None stands for zeros, whose convolution is left out: it has nothing to add."""
        if state is None:
            gates = self._convolve(x, self.gates.weight[:, : self.inputs], self.gates.bias)
        elif self.apart:
            gates = self._convolve(x, self.gates.weight[:, : self.inputs], self.gates.bias)
            gates += self._convolve(state[0], self.gates.weight[:, self.inputs :])
        else:
            gates = self.gates(torch.cat([x, state[0]], dim=1))
        i, f, o, g = gates.chunk(4, dim=1)
        new = torch.sigmoid(i) * torch.tanh(g)
        cell = new if state is None else torch.sigmoid(f) * state[1] + new
        return torch.sigmoid(o) * torch.tanh(cell), cell

    def _convolve(self, field: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return F.conv2d(field, weight, bias, padding=self.gates.padding)


class ConvLSTM(nn.Module):
    """Layers of `ConvLSTMCell`s, each fed by the hidden states of the one below; the last hidden state comes out.

    `hidden` gives the channels of each layer, `dropout` the share of feature maps (Dropout2d: neighbouring cells of
    a map say nearly the same, so single cells would hardly be missed) left out of what each layer passes on.

    With `checkpoint_activations` the backward pass computes every step of every cell again from its input and state,
    which alone are kept: the same bits for less memory.
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int],
        kernel: int,
        dropout: float = 0.0,
        *,
        checkpoint_activations: bool = False,
    ) -> None:
        super().__init__()
        self.checkpoint_activations = checkpoint_activations
        widths = [inputs, *hidden]
        self.cells = nn.ModuleList(ConvLSTMCell(a, b, kernel) for a, b in pairwise(widths))
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, inputs: Float[Tensor, "B T K Y X"]) -> Float[Tensor, "B hidden Y X"]:
        """The last hidden state of the last layer."""
        steps = inputs.unbind(1)  # indexing one step at a time makes the backward pass quadratic in T
        for cell in self.cells[:-1]:
            steps = tuple(self.dropout(h) for h in self._unroll(cell, steps))
        last: Tensor = self.dropout(self._unroll(self.cells[-1], steps)[-1])
        return last

    def _unroll(self, cell: nn.Module, steps: Sequence[Tensor]) -> list[Tensor]:
        state: State | None = None
        hidden: list[Tensor] = []
        for x in steps:
            state = self._step(cell, x, state)
            hidden.append(state[0])
        return hidden

    def _step(self, cell: nn.Module, x: Tensor, state: State | None) -> State:
        new: State
        if self.checkpoint_activations and torch.is_grad_enabled():
            # Not reentrant: the reentrant kind runs a backward of its own, past `inputs=`. No random state is kept,
            # since a cell draws nothing: dropout stands outside.
            new = checkpoint(cell, x, state, use_reentrant=False, preserve_rng_state=False)
        else:
            new = cell(x, state)
        return new
