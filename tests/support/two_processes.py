"""What two processes make of every distributed case, in one start of both: `python two_processes.py FOLDER`.

RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT are in the environment, as torchrun sets them. Each process
leaves its findings in `FOLDER/<rank>.pt`; what ought to be found stands in the tests.
"""

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.strategies import DDPStrategy
from support.checkpoints import last_state, read
from support.routed_cases import NETS, RUNS, NetCase
from support.scored_fields import scored_fields
from support.tiny_runs import gappy_source, tiny_source, tiny_spec
from torch import Tensor
from torch.utils.data import DataLoader, Subset, TensorDataset

from stq.app import RunFolder, evaluate, predict, resume, train
from stq.app._assembly import assemble
from stq.app._data import open_data
from stq.app.baselines import open_baselines
from stq.errors import Elsewhere, StqError
from stq.metrics import ForecastScores
from stq.registry import load_metrics
from stq.spec import LoadedSpec
from stq.tensors import Batch, Forecast
from stq.training import EpochEnded, ForecastModule, Started, Stepped, World, _forecast_module, fit
from stq.training._global_batch import GlobalBatch
from stq.training._placement import Joined

RANK = int(os.environ["RANK"])
WORLD = World(RANK, 2, RANK, 2)
SEVERAL = "trainer.devices=2"


def net_case(case: NetCase) -> dict[str, Any]:
    """Gradients of every step and the weights at the end, from batches of 2 that are halves of batches of 4."""
    module = case.module()
    mine = [4 * k + 2 * RANK + i for k in range(2) for i in range(2)]
    trainer = Trainer(
        accelerator="cpu",
        devices=2,
        strategy=DDPStrategy(cluster_environment=Joined(WORLD), **case.ddp),
        use_distributed_sampler=False,
        **case.arguments(),
    )
    trainer.fit(module, DataLoader(Subset(TensorDataset(*case.fields()), mine), batch_size=2))
    return module.found()


def stq_case(loaded: LoadedSpec, checkpoints: Path | None = None) -> dict[str, Any]:
    """Gradients of every step, and all that an epoch's end says, of stq's own module and loaders."""
    experiment = assemble(loaded)
    watch = Watch()
    gradients: list[dict[str, Tensor]] = []

    def keep(module: LightningModule, optimizer: object) -> None:
        gradients.append({name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None})

    ForecastModule.on_before_optimizer_step = keep
    try:
        fit(
            experiment.module,
            experiment.loaders,
            loaded.spec.trainer,
            checkpoints=checkpoints,
            observers=[watch],
            world=WORLD,
        )
    finally:
        del ForecastModule.on_before_optimizer_step
    weights = {name: value.clone() for name, value in experiment.module.forecaster.state_dict().items()}
    return {"gradients": gradients, "state": weights, "epochs": watch.epochs}


class Watch:
    """An observer that keeps what it is told, and does something at a step."""

    def __init__(self, step: int = -1, act: Callable[[], None] = lambda: None) -> None:
        self.step = step
        self.act = act
        self.epochs: list[dict[str, Any]] = []

    def started(self, event: Started) -> None:
        """Nothing to keep."""

    def stepped(self, event: Stepped) -> None:
        """Act where it is time."""
        if event.step == self.step:
            self.act()

    def epoch_ended(self, event: EpochEnded) -> None:
        """Keep what does not depend on the clock."""
        self.epochs.append(
            {
                "step": event.step,
                "val_central": event.val_central,
                "best": event.best,
                "train": dict(event.train_losses),
                "validation": dict(event.validation_losses),
            }
        )


def refused(action: Callable[[], object]) -> dict[str, Any]:
    """How an action failed here, and after how long."""
    clock = time.monotonic()
    try:
        action()
    except StqError as error:
        code = error.code if isinstance(error, Elsewhere) else getattr(error, "signal", error.exit_code)
        return {"kind": type(error).__name__, "code": code, "text": str(error), "seconds": time.monotonic() - clock}
    return {"kind": "nothing", "code": 0, "text": "", "seconds": time.monotonic() - clock}


@contextmanager
def pretending_that_all_count_alike() -> Iterator[None]:
    """The mean over processes of their means, which is what DistributedDataParallel takes by itself."""
    former = _forecast_module.exchange

    def plain(losses: dict[str, Tensor], *others: Any, **named: Any) -> GlobalBatch:
        return replace(former(losses, *others, **named), factors=dict.fromkeys(losses, 1.0))

    _forecast_module.exchange = plain
    try:
        yield
    finally:
        _forecast_module.exchange = former


class Interrupting:
    """Sends SIGTERM to one of the processes in the middle of a step."""

    def __init__(self, rank: int, micro_batch: int) -> None:
        self.rank = rank
        self.micro_batch = micro_batch

    def __enter__(self) -> None:
        self.former = ForecastModule.training_step
        count = -1

        def step(module: ForecastModule, batch: Batch, batch_idx: int) -> Tensor:
            nonlocal count
            count += 1
            if count == self.micro_batch and self.rank == RANK:
                os.kill(os.getpid(), signal.SIGTERM)
            return self.former(module, batch, batch_idx)

        ForecastModule.training_step = step

    def __exit__(self, *_: object) -> None:
        ForecastModule.training_step = self.former


def resumed_case(folder: Path, source: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """A run that was stopped by a signal to the second process, and gone on with, beside one that was not."""
    spec = tiny_spec(source, [SEVERAL, *overrides])
    whole = train(spec, run_dir=folder / "whole")
    with Interrupting(rank=1, micro_batch=4):
        stopped = refused(lambda: train(spec, run_dir=folder / "stopped"))
    step = read(last_state(folder / "stopped"))["global_step"]
    dist.barrier()  # both have read it
    result = resume(spec, RunFolder(folder / "stopped"))
    return {"stopped": stopped, "step": step, "steps": (whole.steps, result.steps), "run": str(whole.run)}


def nonfinite_case(source: Path, *overrides: str) -> dict[str, Any]:
    """A loss that is NaN in the second process alone, in its second step."""
    experiment = assemble(tiny_spec(source, [SEVERAL, *overrides]))
    former, count = experiment.module.loss_values, 0

    def loss_values(forecast: Forecast, batch: Batch) -> dict[str, Tensor]:
        nonlocal count
        count += experiment.module.training
        found = former(forecast, batch)
        return {**found, "mse": found["mse"] * float("nan")} if RANK == 1 and count == 2 else found

    module, settings = experiment.module, experiment.loaded.spec.trainer
    module.loss_values = loss_values
    ended = refused(lambda: fit(module, experiment.loaders, settings, checkpoints=None, world=WORLD))
    weights = {name: value.clone() for name, value in module.forecaster.state_dict().items()}
    return {**ended, "skipped": module.finite.skipped.state(), "steps": module.global_step, "state": weights}


def starved_case(folder: Path, source: Path) -> dict[str, Any]:
    """A quantile head that the second process's losses don't reach, in its second step: it fails, alone."""
    former, count = ForecastModule.loss_values, 0

    def loss_values(module: ForecastModule, forecast: Forecast, batch: Batch) -> dict[str, Tensor]:
        nonlocal count
        count += module.training
        found = former(module, forecast, batch)
        return {**found, "pinball": found["mse"] * 1.0} if RANK == 1 and count == 2 else found

    ForecastModule.loss_values = loss_values
    return refused(lambda: train(tiny_spec(source, [SEVERAL]), run_dir=folder / "starved"))


EVALUATION = ["evaluation.periods=month", "evaluation.thresholds.air=[280, 281]", "evaluation.neighbourhood=3"]
EXAMPLES = Path(__file__).parents[2] / "examples"
METRIC_FIELDS = ("central", "truth", "valid", "persistence", "climatology", "time")


def scores_of(run: Path) -> list[dict[str, object]]:
    """What evaluate says, of events and months too."""
    result = evaluate(RunFolder(run), overrides=EVALUATION)
    return [row.to_dict() for row in (*result.scores, *result.strata)]


def metric_case() -> list[list[dict[str, object]]]:
    """A metric of a user's own over samples of which the second process has one, and then none."""
    cls = load_metrics([EXAMPLES / "my_metric.py"]).get("large-errors").cls
    fields = scored_fields()
    found = []
    for parts in ([[0, 2, 3], [1]], [[0, 1, 2, 3], []]):
        scores = ForecastScores(["ozone", "temperature"], [1, 3], size=(13, 14), metrics={"large": cls()})
        if parts[RANK]:
            mine = fields.samples(torch.tensor(parts[RANK]))
            scores.update(**{name: getattr(mine, name) for name in METRIC_FIELDS})
        found.append([score.to_dict() for score in scores.compute()])
    return found


def baselines_of(run: RunFolder, source: Path) -> list[str]:
    """The baselines as they are fitted, as they are read back, and how they are refused where they are damaged."""
    loaded = tiny_spec(source)
    data = open_data(loaded.spec.data, loaded=loaded)
    found = [open_baselines(run, loaded, data, world=WORLD).fitted.to_json() for _ in range(2)]
    dist.barrier()
    if RANK == 0:
        run.baselines.write_text(found[0][:-20], encoding="utf-8")
    return [*found, refused(lambda: open_baselines(run, loaded, data, world=WORLD))["kind"]]


def main(folder: Path) -> None:
    """All cases, in the same order in both processes."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    source, gappy = folder / "tiny.nc", folder / "gappy.nc"
    if RANK == 0:
        tiny_source(folder)
        gappy_source(folder)
    dist.init_process_group("gloo")
    dist.barrier()
    found: dict[str, Any] = {name: net_case(case) for name, case in NETS.items()}
    for name, case in RUNS.items():
        spec = tiny_spec(gappy if case.gappy else source, [SEVERAL, *case.overrides(batch_size=4)])
        found[name] = stq_case(spec)
    with pretending_that_all_count_alike():
        case = RUNS["gaps"]
        found["gaps, mean of means"] = stq_case(tiny_spec(gappy, [SEVERAL, *case.overrides(batch_size=4)]))
    found["resumed"] = resumed_case(folder, source, ["data.batch_size=2", "trainer.accumulate_grad_batches=2"])
    found["scores"] = scores_of(folder / "whole")
    dates = ["1999-06", "1999-07", "1999-08"]
    forecast = predict(RunFolder(folder / "whole"), (), folder / "forecast.nc", init=dates)
    found["forecast"] = {"init_times": list(forecast.init_times), "bytes": forecast.nbytes}
    one_batch = train(tiny_spec(source, [SEVERAL]), run_dir=folder / "one batch")
    found["trained"] = {"run": str(one_batch.run), "calibrated": one_batch.calibrated, "status": one_batch.status}
    found["own metric"] = metric_case()
    found["scores of one batch"] = scores_of(folder / "one batch")
    found["baselines"] = baselines_of(RunFolder(folder / "baselines"), source)
    found["dry run"] = {"steps": train(tiny_spec(source, [SEVERAL]), dry_run=True).steps}
    found["nonfinite"] = nonfinite_case(source)
    found["skipped"] = nonfinite_case(source, "trainer.on_nonfinite=skip", "trainer.max_epochs=2")
    found["a folder in use"] = refused(lambda: train(tiny_spec(source, [SEVERAL]), run_dir=folder / "whole"))
    other = tiny_spec(gappy if RANK == 1 else source, [SEVERAL])
    found["other data"] = refused(lambda: train(other, run_dir=folder / "other"))
    found["no such split"] = refused(lambda: evaluate(RunFolder(folder / "whole"), split="tset"))
    dist.destroy_process_group()
    os.environ["MASTER_PORT"] = os.environ["OTHER_PORT"]
    found["starved"] = starved_case(folder, source)
    torch.save(found, folder / f"{RANK}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
