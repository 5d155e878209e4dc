"""How much memory a training step will hold, counted before one is taken."""

import copy
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch._subclasses import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks

from stq.app._assembly import Experiment
from stq.spec import GroupOptimSpec
from stq.tensors import Batch

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container says how much it may use, in either version of control groups."""
RUNTIME = 400 * 2**20
"""What Python, torch and the readers take by themselves."""
REST = 100_000
"""Bytes of a checkpoint that are no numbers of the network: names, counters, states of callbacks."""
MOMENTS = {"adamw": 2, "adam": 2, "nadam": 2, "radam": 2, "rmsprop": 1, "sgd": 0}
"""Numbers that an algorithm keeps for each parameter; momentum is one more for the last two."""


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes, part by part.

    `parameters` holds weights, gradients, what the optimiser keeps, and the average of weights where there is one.
    `activations` is what the forward pass of one batch keeps for the backward pass, losses included, and the batch;
    None where the network can't be traced without numbers. `data` is what stands in memory of the series. `available`
    is what the device has, or the machine, whichever holds the activations; None where nobody tells.
    """

    parameters: int
    activations: int | None
    data: int
    available: int | None
    device: str

    @property
    def total(self) -> int:
        """Of the process, on the device that it trains on."""
        step = self.parameters + (self.activations or 0)
        return step if self.device != "cpu" else step + self.data + RUNTIME

    @property
    def fits(self) -> bool:
        """Whether there is as much; true where nobody says how much there is."""
        return self.available is None or self.total <= self.available

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {**vars(self), "total": self.total, "fits": self.fits}


def memory_of(experiment: Experiment) -> MemoryEstimate:
    """Count what a step of this experiment holds.

    The network runs once over a batch of shapes without numbers (torch's fake tensors), and every tensor that autograd
    saves on the way is counted once: no formula for any one architecture, and nothing is allocated. Transient memory
    (gradients of activations, a convolution's scratch space) is not in it, so the true peak is up to twice as high.
    """
    spec = experiment.loaded.spec
    size = 8 if spec.trainer.precision == "64-true" else 4
    elements = sum(parameter.numel() for parameter in experiment.module.forecaster.parameters())
    moved = sum(
        group.elements * (1 + _kept(experiment, group.name))
        for group in experiment.module.router.plan.groups
        if not group.frozen
    )
    averaged = elements if spec.trainer.ema is not None else 0
    device, available = _device(spec.trainer.accelerator)
    return MemoryEstimate(
        parameters=size * (elements + moved + averaged),
        activations=_activations(experiment, size),
        data=experiment.data.bytes_in_memory,
        available=available,
        device=device,
    )


def bytes_of_state(experiment: Experiment) -> int:
    """Bytes of a checkpoint: the weights, what the optimiser keeps, the average of weights, and the rest."""
    size = 8 if experiment.loaded.spec.trainer.precision == "64-true" else 4
    elements = sum(value.numel() for value in experiment.module.state_dict().values())
    kept = sum(g.elements * _kept(experiment, g.name) for g in experiment.module.router.plan.groups if not g.frozen)
    averaged = elements if experiment.loaded.spec.trainer.ema is not None else 0
    return int(size * (elements + kept + averaged)) + REST


def _kept(experiment: Experiment, group: str) -> int:
    """Numbers that the optimiser keeps for each parameter of this group."""
    optim = experiment.loaded.spec.optim
    own = optim.groups.get(group, GroupOptimSpec())
    momentum = optim.momentum if own.momentum is None else own.momentum
    return MOMENTS[optim.algorithm_of(group)] + (1 if momentum else 0)


def _activations(experiment: Experiment, size: int) -> int | None:
    windows, sample = experiment.loaded.spec.data.batch_size, experiment.data.splits["train"][0]
    windows = min(windows, len(experiment.data.splits["train"]))
    module = copy.deepcopy(experiment.module)
    saved: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        saved.setdefault(tensor.untyped_storage()._cdata, tensor)
        return tensor

    try:
        with FakeTensorMode(allow_non_fake_inputs=True) as shapes, saved_tensors_hooks(keep, lambda tensor: tensor):
            batch = Batch(*(torch.empty(windows, *part.shape, dtype=part.dtype) for part in sample))
            losses = module.loss_values(module(batch), batch)
            known = [shapes.from_tensor(tensor) for tensor in module.state_dict(keep_vars=True).values()]
    except Exception:  # a network or a loss that looks at its numbers
        return None
    del losses
    elsewhere = {tensor.untyped_storage()._cdata for tensor in (*known, *batch)}
    count = sum(tensor.untyped_storage().nbytes() for key, tensor in saved.items() if key not in elsewhere)
    return windows * sum(part.nbytes for part in sample) + count * size // 4


def _device(accelerator: str) -> tuple[str, int | None]:
    """The device that training would take, and its memory."""
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return "cuda", int(torch.cuda.get_device_properties(0).total_memory)
    if accelerator in ("mps", "tpu"):
        return accelerator, None
    return "cpu", machine_memory()


def machine_memory() -> int | None:
    """Bytes that this machine has, or that its container may use; None where neither says."""
    found = []
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in LIMITS:
        try:
            found.append(int(limit.read_text()))
        except (OSError, ValueError):  # no such group, or no limit ("max")
            continue
    return min(found, default=None)
