"""The ConvLSTMs that are compared: stq's, two that people install, and one with its input convolutions hoisted."""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stq.models import ConvLSTM

KERNEL = 3


class Hoisted(nn.Module):
    """One layer, as one writes it by hand: X is convolved for all steps at once, H step by step."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.inputs = inputs
        self.gates = nn.Conv2d(inputs + hidden, 4 * hidden, KERNEL, padding=KERNEL // 2)

    def forward(self, x: Tensor) -> Tensor:
        of_input, of_state = self.gates.weight[:, : self.inputs], self.gates.weight[:, self.inputs :]
        gates = F.conv2d(x.flatten(0, 1), of_input, self.gates.bias, padding="same").unflatten(0, x.shape[:2])
        h = c = None
        for step in gates.unbind(1):
            i, f, o, g = (step if h is None else step + F.conv2d(h, of_state, padding="same")).chunk(4, dim=1)
            new = torch.sigmoid(i) * torch.tanh(g)
            c = new if c is None else torch.sigmoid(f) * c + new
            h = torch.sigmoid(o) * torch.tanh(c)
        return h


class LastState(nn.Module):
    """The last hidden state of a network that returns a list of layers' outputs, and one of their last states."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)[1][0][0]


def implementations() -> tuple[dict[str, Callable[[int, int], nn.Module]], list[str]]:
    """What makes each of them, from the channels of the input and of the hidden state; and why one is missing."""
    found = {"stq": lambda inputs, hidden: ConvLSTM(inputs, [hidden], KERNEL), "hoisted": Hoisted}
    missing = []
    for name, module in (("conv-lstm", installed("conv_lstm")), ("torchgeo", one_file_of_torchgeo())):
        if module is None:
            missing.append(f"{name} is left out: pip install --no-deps {name}")
        else:
            make = module.ConvLSTM
            found[name] = lambda inputs, hidden, make=make: LastState(make(inputs, hidden, KERNEL, 1))
    return found, missing


def installed(name: str) -> ModuleType | None:
    """A module, where it is installed."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def one_file_of_torchgeo() -> ModuleType | None:
    """Its ConvLSTM alone, which needs torch and nothing else; the package would ask for all that torchgeo needs."""
    package = importlib.util.find_spec("torchgeo")
    if package is None or package.origin is None:
        return None
    file = Path(package.origin).parent / "models" / "convlstm.py"
    spec = importlib.util.spec_from_file_location("torchgeo_convlstm", file)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compile_cells(net: nn.Module) -> None:
    """Cell by cell, and with the fields laid out, as `model.compile` does; what has no cells as a whole."""
    torch._functorch.config.donated_buffer = False
    cells = [m for m in net.modules() if type(m).__name__ == "ConvLSTMCell"] or [net]
    torch._dynamo.reset()  # else what was compiled before counts towards torch's limit, and this would run uncompiled
    for cell in cells:
        cell.compile(backend="inductor", dynamic=False, options={"layout_optimization": False})
