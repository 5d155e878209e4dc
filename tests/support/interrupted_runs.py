"""A run of 15 steps that is stopped, killed and gone on with in processes of their own, and what it must end as."""

import csv
import os
import random
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from support.checkpoints import last_state
from support.forked import Child
from support.tiny_runs import tiny_spec
from torch import Tensor, nn

from stq.app import RunFolder
from stq.app._assembly import Experiment, assemble
from stq.app._identity import identity_of
from stq.app._train import fit_into
from stq.spec import LoadedSpec
from stq.training import ALONE, CheckpointStore, EpochEnded, Started, Stepped

STEPS = 15
FIFTEEN_STEPS = (
    "data.split={train: 0.55, val: 0.2, calibration: 0.1, test: 0.15}",
    "data.batch_size=3",
    "data.horizons=[1]",
    "model.hidden=[2]",
    "model.heads.hidden=2",
    "trainer.accumulate_grad_batches=2",
    "optim.schedule={name: plateau, plateau: {patience: 0}}",
    "optim.lr=0.2",
    "trainer.ema=0.8",
    "trainer.patience=null",
)
"""Three epochs of 9 or 10 batches, two to a step."""


class SentAt:
    """An observer that sends a signal to its own process after a step."""

    def __init__(self, step: int, number: int = signal.SIGTERM) -> None:
        self.step = step
        self.number = number

    def started(self, event: Started) -> None:
        """Nothing to do."""

    def stepped(self, event: Stepped) -> None:
        """Send it."""
        if event.step == self.step:
            os.kill(os.getpid(), self.number)

    def epoch_ended(self, event: EpochEnded) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class TinyRun:
    """A run in `folder` of a spec, whose inputs are flipped and noised at random while it trains."""

    spec: LoadedSpec
    folder: RunFolder

    def leg(self, resume: bool, observers: Sequence[SentAt] = (), workers: int = 0) -> None:
        """Train from the beginning or go on, until the end or a stop."""
        experiment = augmented(assemble(with_workers(self.spec, workers)))
        self.folder.path.mkdir(exist_ok=True)
        resume_from = CheckpointStore(self.folder.checkpoints).newest().state if resume else None
        identity = identity_of(self.spec, experiment, 1, {})
        fit_into(self.folder, experiment, observers, ALONE, identity, resume_from=resume_from)

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return CheckpointStore(self.folder.checkpoints).begun

    def child(self, *, resume: bool, stop: int | None = None, workers: int = 0, told: Path) -> Child:
        """The same in a process of its own, which sends itself SIGTERM after step `stop`."""
        observers = () if stop is None else (SentAt(stop),)
        return Child(lambda: self.leg(resume, observers, workers), told)


def with_workers(spec: LoadedSpec, workers: int) -> LoadedSpec:
    """The same spec with so many worker processes."""
    data = spec.spec.data.model_copy(update={"workers": workers})
    return replace(spec, spec=spec.spec.model_copy(update={"data": data}))


def fifteen_steps(source: Path, overrides: Sequence[str] = ()) -> LoadedSpec:
    """Shuffled, with dropout, two batches to a step and a short last window."""
    return tiny_spec(source, [*FIFTEEN_STEPS, *overrides])


def augmented(experiment: Experiment) -> Experiment:
    """Flip and noise what the network sees while it trains, by each of the three generators that people draw from.

    stq changes no data at random itself; a network of a plugin may.
    """

    def at_random(module: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if not module.training:
            return None
        inputs, *others = arguments
        if random.random() < 0.5:
            inputs = inputs.flip(-1)
        noise = torch.from_numpy(np.random.normal(size=inputs.shape[-2:]).astype(np.float32))
        return (inputs + 0.01 * noise + 0.01 * torch.randn(inputs.shape[-2:]), *others)

    experiment.module.forecaster.register_forward_pre_hook(at_random)
    return experiment


def state_of(run: RunFolder) -> Mapping[str, object]:
    """All that a finished run has come to: its newest state, without Lightning's own counts, and its table."""
    state = torch.load(last_state(run.path), weights_only=True)
    found = {key: value for key, value in state.items() if key != "loops"}
    found["metrics.csv"] = rows_of(run.metrics)
    return found


def rows_of(table: Path) -> list[dict[str, str]]:
    """The rows of a table of metrics without the time they took."""
    with table.open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def differences(ours: object, theirs: object, place: str = "") -> list[str]:
    """Where two states are not the same, tensors bit for bit; paths are compared by their names."""
    if isinstance(ours, Tensor) and isinstance(theirs, Tensor):
        same = ours.dtype == theirs.dtype and torch.equal(ours, theirs)
    elif isinstance(ours, dict) and isinstance(theirs, dict):
        if ours.keys() != theirs.keys() and not any(isinstance(key, str) and "/" in key for key in ours):
            return [f"{place}: {sorted(map(str, ours.keys() ^ theirs.keys()))}"]
        pairs = zip(ours.items(), theirs.values(), strict=True)
        # Lightning forgets the last score where it restores, and reads it nowhere.
        return [line for (key, a), b in pairs if key != "current_score" for line in differences(a, b, f"{place}/{key}")]
    elif isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        if len(ours) != len(theirs):
            return [f"{place}: {len(ours)} and {len(theirs)}"]
        return [
            line for i, pair in enumerate(zip(ours, theirs, strict=True)) for line in differences(*pair, f"{place}/{i}")
        ]
    elif isinstance(ours, str) and isinstance(theirs, str) and "/" in ours:
        same = Path(ours).name == Path(theirs).name
    else:
        same = ours == theirs
    return [] if same else [place]
