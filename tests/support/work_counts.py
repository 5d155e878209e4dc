"""How much work the hot paths are, in counts that are the same every time: a guard against growing slower unseen.

    python tests/support/work_counts.py

records them anew in work_counts.json, where more was meant. Of a step of training (with loader, hooks, checks, routing,
optimiser and observers), of a window that is read and of a batch that is scored:

    calls       of Python functions, wherever they stand: a loop over elements, a check too many
    own         those of stq's own functions, which no other version of a library changes
    operations  of torch, forward and backward
    elements    that these operations give, views among them: tensors that are made larger, or twice

The clock is left out, since on a machine that others use it says little of a tenth. What counts miss, that the same
operations run longer, the benchmarks show.
"""

import gc
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import torch  # noqa: E402  (the folders had to be on the path first)
from support.tiny_runs import tiny_source, tiny_spec  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

import stq  # noqa: E402
from stq.app import RunFolder, train  # noqa: E402
from stq.app._score_split import open_scoring, score_windows  # noqa: E402
from stq.app.baselines import open_baselines  # noqa: E402
from stq.training import ALONE  # noqa: E402

RECORD = Path(__file__).with_suffix(".json")
MOST = 1.10
"""As much as a count may grow before the guard says so."""
LIBRARIES = ("torch", "pytorch-lightning", "torchmetrics", "numpy", "xarray")
OVERRIDES = ("data.batch_size=2", "trainer.max_epochs=1")
LEVELS = "quantiles={levels: [0.1, 0.5, 0.9]}"
LOSSES = (
    "losses=[{loss: mse}, {loss: ssim, window: 5}, {loss: laplacian, levels: 2}, {loss: histogram}, {loss: pinball}]"
)


@dataclass
class Work:
    """The counts of one path."""

    calls: int = 0
    own: int = 0
    operations: int = 0
    elements: int = 0


class Operations(TorchDispatchMode):
    """Counts what torch is asked to compute."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        self.work.operations += 1
        self.work.elements += sum(leaf.numel() for leaf in tree_leaves(found) if isinstance(leaf, torch.Tensor))
        return found


@contextmanager
def counting_calls(work: Work) -> Iterator[None]:
    """Count the calls of this thread. What the garbage collector calls would come at any time: it waits."""
    own = str(Path(stq.__file__).parent)

    def called(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            work.calls += 1
            work.own += frame.f_code.co_filename.startswith(own)

    gc.collect()
    gc.disable()
    sys.setprofile(called)
    try:
        yield
    finally:
        sys.setprofile(None)
        gc.enable()


def counted(run: Callable[[], object]) -> Work:
    """The work of a function when it is called again: what is only done once is not in it."""
    run()
    work = Work()
    with counting_calls(work):
        run()
    with Operations(work):
        run()
    return work


class TwoSteps:
    """An observer that counts the calls of one step, and the operations of a later one."""

    CALLS, OPERATIONS = 4, 6

    def __init__(self) -> None:
        self.work = Work()
        self.under_way: Any = None

    def started(self, event: object) -> None:
        """Nothing yet."""

    def stepped(self, event: Any) -> None:
        """A step is over, and the next begins."""
        if self.under_way is not None:
            self.under_way.__exit__(None, None, None)
            self.under_way = None
        if event.step == self.CALLS:
            self.under_way = counting_calls(self.work)
        elif event.step == self.OPERATIONS:
            self.under_way = Operations(self.work)
        if self.under_way is not None:
            self.under_way.__enter__()

    def epoch_ended(self, event: object) -> None:
        """Nothing."""


def measured(folder: Path) -> dict[str, Work]:
    """The work of each path."""
    torch.set_num_threads(1)
    loaded, watch = tiny_spec(tiny_source(folder), [*OVERRIDES, LEVELS, LOSSES]), TwoSteps()
    run = RunFolder(folder / "run")
    train(loaded, run_dir=run.path, observers=(watch,))
    scoring = open_scoring(run, "test")
    baselines = open_baselines(run, scoring.loaded, scoring.data)
    windows, batches = scoring.windows, len(list(scoring.forecasts()))
    score = counted(lambda: score_windows(scoring, baselines, ALONE))
    return {
        "step": watch.work,
        "window": counted(lambda: windows[0]),
        "scored batch": Work(*(count // batches for count in asdict(score).values())),
    }


def versions() -> dict[str, str]:
    """What counts other than stq's own calls depend on."""
    return {
        "python": ".".join(map(str, sys.version_info[:2])),
        **{name: version(name).partition("+")[0] for name in LIBRARIES},
    }


def document() -> dict[str, Any]:
    """The counts, ready for JSON."""
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder))
    return {"versions": versions(), "paths": {name: asdict(work) for name, work in found.items()}}


def grown(found: dict[str, Any], record: dict[str, Any]) -> list[str]:
    """The counts that are more than they may be; with other versions of the libraries only those of stq's own calls."""
    same = found["versions"] == record["versions"]
    return [
        f"{path}: {found['paths'][path][name]} {name} and not {was}"
        for path, counts in record["paths"].items()
        for name, was in counts.items()
        if (same or name == "own") and found["paths"][path][name] > MOST * was
    ]


if __name__ == "__main__":
    text = json.dumps(document(), indent=1) + "\n"
    if "--show" in sys.argv:
        print(text)
    else:
        RECORD.write_text(text)
