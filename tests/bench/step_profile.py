"""Where a whole `stq train` goes: shares of data, forward, losses, backward, checks, optimiser, logging and the rest.

A real run of the spec, with its display on a terminal that nobody sees, in which the functions below are wrapped by a
clock. A part counts without the parts that are called within it, so that the shares add up to one; what belongs to none
is Lightning's loop. Time is that of the threads' own processor, and waiting for a busy machine is not in it.
What the losses cost in the backward pass can't be seen from outside: it is measured on the run's own batches, from each
loss down to the forecast, and shown beside. `shared` is what all losses compute alike (the weight of each cell).
Run: make bench-profile, some 4 minutes on one core of a CPU. Fails where logging and progress take 2 % or more, or the
losses, forward and backward, a quarter.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from rich.console import Console
from rich.live import Live
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader

from stq import app
from stq.app._assembly import assemble
from stq.losses._share import share_of_cells
from stq.report import TrainingDisplay
from stq.routing import Router
from stq.spec import LoadedSpec, load_spec
from stq.tensors import Batch
from stq.training import ForecastModule
from stq.training._keep_checkpoints import KeepCheckpoints
from stq.training._means import Means
from stq.training._observer import Observe
from stq.training._restarting_loader import RestartingLoader

EXAMPLES = Path(__file__).parents[2] / "examples"
SPECS = (EXAMPLES / "nasa.yaml", EXAMPLES / "mediterranean.yaml")
BATCHES = 12
"""Of which the cost of the losses is the median."""
LOGGING, LOSSES = 0.02, 0.25
"""The most that logging and progress, and that the losses may take of a run."""


PARTS = (
    (ForecastModule, "forward", "forward"),
    (ForecastModule, "loss_values", "losses, forward"),
    (Router, "backward", "backward"),
    (Router, "total", "checks and clipping"),
    (ForecastModule, "_counted", "checks and clipping"),
    (ForecastModule, "configure_gradient_clipping", "checks and clipping"),
    (ForecastModule, "validation_step", "validation"),
    (torch.optim.AdamW, "step", "optimiser and schedule"),
    (LRScheduler, "step", "optimiser and schedule"),
    (KeepCheckpoints, "save", "checkpoints"),
    (Observe, "on_train_batch_end", "logging and progress"),
    (Observe, "on_validation_end", "logging and progress"),
    (Means, "add", "logging and progress"),
    (Live, "refresh", "logging and progress"),
)
"""Functions, and the part of a run that they are."""


class Shares:
    """Seconds of each part, without those of the parts within it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._here = threading.local()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """The time until the context ends belongs to the part; what is called in a validation belongs to that."""
        stack = self._here.__dict__.setdefault("within", [("", 0.0)])
        if stack[-1][0] == "validation":
            yield
            return
        stack.append((name, 0.0))
        began = time.thread_time()
        try:
            yield
        finally:
            spent = time.thread_time() - began
            self.seconds[name] += spent - stack.pop()[1]
            around, inner = stack.pop()
            stack.append((around, inner + spent))

    def counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, under the clock."""

        def call(*arguments: Any, **named: Any) -> Any:
            with self.part(name):
                return function(*arguments, **named)

        return call

    def fetched(self, make: Callable[[Any], Any]) -> Callable[[Any], Iterator[Batch]]:
        """The same iterator, with what it takes to the next batch under the clock."""

        def iterate(loader: Any) -> Iterator[Batch]:
            batches = iter(make(loader))
            while True:
                with self.part("data"):
                    batch = next(batches, None)
                if batch is None:
                    return
                yield batch

        return iterate


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", type=Path, nargs="+", default=SPECS)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("runs/bench-profile/profile.json"))
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    document, missed = {}, []
    for path in chosen.spec:
        fixed = [f"trainer.max_epochs={chosen.epochs}", "trainer.patience=null", "trainer.accelerator=cpu"]
        loaded = load_spec(path, [*chosen.overrides, *fixed])
        row = {"run": shares_of_run(loaded), "losses_of_step": losses_of_step(loaded)}
        document[path.name] = row
        print(f"{path.name}: shares of {chosen.epochs} epochs")
        for name, share in sorted(row["run"].items(), key=lambda item: -item[1]):
            print(f"  {name:24} {share:7.2%}")
        print(f"{path.name}: losses beside forward and backward of one step")
        for name, found in row["losses_of_step"].items():
            print(f"  {name:24} forward {found['forward']:7.2%}   backward {found['backward']:7.2%}")
        if row["run"].get("logging and progress", 0) >= LOGGING:
            missed.append(f"{path.name}: logging and progress")
        if sum(sum(found.values()) for found in row["losses_of_step"].values()) >= LOSSES:
            missed.append(f"{path.name}: losses")
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if missed:
        raise SystemExit(f"more than their share: {', '.join(missed)}")


def shares_of_run(loaded: LoadedSpec) -> dict[str, float]:
    """The share of each part between the first step and the last checkpoint."""
    shares, view = Shares(), TrainingDisplay(Console(file=StringIO(), force_terminal=True, width=100))
    watched = Clocked(shares)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as wrapped:
        for owner, method, name in PARTS:
            wrapped.enter_context(patch.object(owner, method, shares.counted(name, getattr(owner, method))))
        wrapped.enter_context(patch.object(RestartingLoader, "__iter__", shares.fetched(RestartingLoader.__iter__)))
        wrapped.enter_context(
            patch.object(KeepCheckpoints, "on_train_epoch_end", watched.marked(KeepCheckpoints.on_train_epoch_end))
        )
        with view:
            app.train(loaded, run_dir=Path(folder) / "run", observers=(view, watched))
    parts = {name: seconds / watched.seconds for name, seconds in watched.parts.items()}
    return {**parts, "Lightning's loop": 1 - sum(parts.values())}


class Clocked:
    """An observer that marks the beginning; and the end, again after every epoch."""

    def __init__(self, shares: Shares) -> None:
        self.shares = shares
        self.began = self.seconds = 0.0
        self.parts: dict[str, float] = {}

    def started(self, event: object) -> None:
        """What came before was the audit and the like."""
        self.shares.seconds.clear()
        self.began = time.process_time()

    def stepped(self, event: object) -> None:
        """Nothing."""

    def epoch_ended(self, event: object) -> None:
        """Its checkpoints are still to be written."""

    def marked(self, checkpoint: Callable[..., None]) -> Callable[..., None]:
        """The same, after which the clock is read."""

        def call(*arguments: Any) -> None:
            checkpoint(*arguments)
            self.seconds, self.parts = time.process_time() - self.began, dict(self.shares.seconds)

        return call


def losses_of_step(loaded: LoadedSpec) -> dict[str, dict[str, float]]:
    """What each loss takes, as a share of forward, losses and backward of a step together: medians over batches."""
    experiment = assemble(loaded)
    module, spec = experiment.module, loaded.spec
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    for batch in islice(DataLoader(experiment.data.splits["train"], spec.data.batch_size), BATCHES):
        began = time.process_time()
        forecast = module(batch)
        module.router.backward(module.router.total(module.loss_values(forecast, batch)))
        whole = time.process_time() - began
        module.zero_grad()
        parts = {"central": forecast.central, "quantiles": forecast.quantiles}
        cut = {name: part.detach().requires_grad_() for name, part in parts.items() if part is not None}
        for name, loss in zip(module.loss_names, module.loss_modules, strict=True):
            began = time.process_time()
            value = loss(replace(forecast, **cut), batch.target)
            forward = time.process_time() - began
            torch.autograd.grad(value, list(cut.values()), allow_unused=True)
            backward = time.process_time() - began - forward
            found[name].append({"forward": forward / whole, "backward": backward / whole})
        began = time.process_time()
        share_of_cells(batch.target)
        found["shared"].append({"forward": (time.process_time() - began) / whole, "backward": 0.0})
    return {
        name: {way: statistics.median(row[way] for row in rows) for way in ("forward", "backward")}
        for name, rows in found.items()
    }


if __name__ == "__main__":
    main()
