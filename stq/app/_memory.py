"""How much memory a training step will hold, counted before one is taken."""

import copy
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch._subclasses import FakeTensorMode

from stq.app._alive import Alive
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
    `activations` is what the forward and backward pass of one batch hold at once beside the gradients of parameters,
    losses, what is computed again, and the batch included; None where the network can't be traced without numbers.
    `data` is what stands in memory of the series. `available` is what the device has, or the machine, whichever holds
    the activations; None where nobody tells.
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
        return step if self.device != "cpu" else step + self.data + self.runtime

    @property
    def runtime(self) -> int:
        """What Python, torch and the readers take by themselves, where the device's memory is theirs too."""
        return RUNTIME if self.device == "cpu" else 0

    @property
    def fits(self) -> bool:
        """Whether there is as much; true where nobody says how much there is."""
        return self.available is None or self.total <= self.available

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {**vars(self), "runtime": self.runtime, "total": self.total, "fits": self.fits}


def memory_of(experiment: Experiment) -> MemoryEstimate:
    """Count what a step of this experiment holds.

    The network runs once, forward and backward, over a batch of shapes without numbers (torch's fake tensors), and the
    most bytes that are alive at once are counted: no formula for any one architecture, and nothing is allocated. What a
    library takes by itself (a convolution's scratch space) is not in it.
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
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    gradients = 0
    try:
        with FakeTensorMode(allow_non_fake_inputs=True) as shapes:
            known = [shapes.from_tensor(tensor) for tensor in module.state_dict(keep_vars=True).values()]
            with Alive(besides=known) as alive:
                batch = Batch(*(torch.empty(windows, *part.shape, dtype=part.dtype) for part in sample))
                losses = module.loss_values(module(batch), batch)
                total = torch.stack([loss for loss in losses.values() if loss.requires_grad]).sum()
                with suppress(Exception):  # one that looks at numbers on its way back: what the way there took
                    found = torch.autograd.grad(total, trained, allow_unused=True)
                    gradients = sum(each.nbytes for each in found if each is not None)
    except Exception:  # a network or a loss that looks at its numbers
        return None
    return int(alive.peak - gradients) * size // 4


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
