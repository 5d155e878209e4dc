"""Passes over windows: by the loader alone, by steps of training, from cold files, and onto a GPU."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from page_cache import chill
from paired_times import ratio

from stq.app._assembly import Experiment
from stq.tensors import Batch
from stq.training import Loaders
from stq.training._parcel import parcel_of
from stq.training._restarting_loader import RestartingLoader

WORKERS = (0, 1, 2)


@dataclass
class Pass:
    """A form of the data with so many workers, and what its passes took."""

    form: str
    workers: int
    experiment: Experiment
    loader: RestartingLoader
    rates: list[float] = field(default_factory=list)
    """Samples a second of the wall, a number for each round."""
    costs: list[float] = field(default_factory=list)
    """Seconds of the processors for a sample."""
    own: list[float] = field(default_factory=list)
    """Those of this process alone, which trains."""

    def run(self, seconds: float) -> None:
        """Whole passes, for at least so long."""
        count, wall, cpu, own = 0, time.perf_counter(), self._seconds(), time.process_time()
        while count == 0 or time.perf_counter() - wall < seconds:
            count += sum(len(batch.time) for batch in self.loader)
        self.rates.append(count / (time.perf_counter() - wall))
        self.costs.append((self._seconds() - cpu) / count)
        self.own.append((time.process_time() - own) / count)

    def forget(self) -> None:
        """What was only to warm up."""
        self.rates.clear()
        self.costs.clear()
        self.own.clear()

    def _seconds(self) -> float:
        """Of the processors, this process and its workers; the kernel's clock of another process, by its number."""
        workers = getattr(self.loader._iterator, "_workers", ())
        return time.process_time() + sum(time.clock_gettime(~worker.pid << 3 | 2) for worker in workers)


def loader_of(experiment: Experiment, workers: int) -> RestartingLoader:
    """What a training would read from, with so many workers."""
    splits, spec = experiment.data.splits, experiment.loaded.spec
    size = spec.data.batch_size
    return Loaders(
        splits["train"], splits["val"], batch_size=size, validation_batch_size=size, workers=workers, seed=spec.seed
    ).train_dataloader()


def in_pieces(experiment: Experiment) -> RestartingLoader:
    """A worker that hands over each part of a batch by itself, as torch's default collation does."""
    usual = loader_of(experiment, 1)
    return RestartingLoader(usual.dataset, usual.agenda.batches, 1)


def stepper(experiment: Experiment) -> Callable[[], float]:
    """Seconds of this process for a sample of a step: forward, losses, backward, AdamW, the loader's part left out."""
    module, batches = experiment.module, iter([])
    optimiser = torch.optim.AdamW(module.parameters())

    def step() -> float:
        nonlocal batches
        batch = next(batches, None)
        if batch is None:
            batches = iter(experiment.loaders.train_dataloader())
            batch = next(batches)
        began = time.process_time()
        optimiser.zero_grad()
        module.router.backward(module.router.total(module.loss_values(module(batch), batch)))
        optimiser.step()
        return (time.process_time() - began) / len(batch.time)

    step()
    return lambda: statistics.median(step() for _ in range(3))


def cold_and_warm(experiment: Experiment, files: Sequence[Path], rounds: int) -> dict[str, object]:
    """How many times longer, on the wall, a pass takes whose files are on the disk alone; or why that is not known."""
    loader, taken = loader_of(experiment, 0), {"cold": list[float](), "warm": list[float]()}
    for _ in range(rounds):
        for state, seconds in taken.items():
            experiment.data.fields.close()  # what a library keeps of an open file goes too
            if state == "cold" and (hindered := chill(files)):
                return {"skipped": hindered}
            began = time.perf_counter()
            count = sum(len(batch.time) for batch in loader)
            seconds.append((time.perf_counter() - began) / count)
    return {"cold_to_warm": ratio(taken["cold"], taken["warm"]), "warm_ms": 1000 * statistics.median(taken["warm"])}


def pinned(experiment: Experiment, passes: int = 5) -> dict[str, float] | None:
    """Samples a second that arrive on a GPU, from pinned memory and from any; None where there is no GPU."""
    if not torch.cuda.is_available():
        return None
    found = {}
    for workers in WORKERS:
        for pin in (False, True):
            windows, batches = loader_of(experiment, workers).dataset, experiment.loaders.train_dataloader().agenda
            collate = parcel_of if workers else None
            loader = RestartingLoader(windows, batches, workers, pin_memory=pin, collate_fn=collate)
            rates = []
            for _ in range(passes + 1):
                began, count = time.perf_counter(), 0
                for batch in loader:
                    Batch(*(part.to("cuda", non_blocking=pin) for part in batch))
                    count += len(batch.time)
                torch.cuda.synchronize()
                rates.append(count / (time.perf_counter() - began))
            found[f"{workers} workers, {'pinned' if pin else 'not pinned'}"] = statistics.median(rates[1:])
    return found
