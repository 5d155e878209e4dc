"""What training tells to TensorBoard, MLflow and Weights & Biases, through Lightning's loggers."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from pytorch_lightning.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger

from stq.errors import UsageError
from stq.spec import CENTRAL, LoggerSpec
from stq.training._observer import EpochEnded, Started, Stepped

AnyLogger = TensorBoardLogger | CSVLogger | MLFlowLogger | WandbLogger
PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow", "wandb": "wandb"}
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_SILENT": "true",
}
"""What keeps these packages from calling home and from talking, unless the environment says otherwise."""


class Tracked:
    """A training observer that hands numbers to loggers.

    The loggers are no part of Lightning's Trainer: whether there are any changes no bit of a training.
    """

    def __init__(self, loggers: Sequence[Logger], spec: Mapping[str, str]) -> None:
        self.loggers = loggers
        self.spec = spec

    def started(self, event: Started) -> None:
        """Every value of the spec, as hyper-parameters."""
        for logger in self.loggers:
            logger.log_hyperparams(dict(self.spec))
            if isinstance(logger, TensorBoardLogger):
                rows = (f"    {key}: {value}" for key, value in self.spec.items())
                logger.experiment.add_text("spec", "\n".join(rows))

    def stepped(self, event: Stepped) -> None:
        """Losses by name: unweighted means of the epoch so far."""
        self._log({f"step/{name}": value for name, value in event.losses.items()}, event.step)

    def epoch_ended(self, event: EpochEnded) -> None:
        """Losses by name, the rate of every group, and what the central forecast is off by, as in metrics.csv."""
        numbers = {"epoch": float(event.epoch + 1), CENTRAL: event.val_central, event.monitor: event.monitored}
        numbers |= {f"train/{name}": value for name, value in event.train_losses.items()}
        numbers |= {f"val/{name}": value for name, value in event.validation_losses.items()}
        numbers |= {f"lr/{name}": value for name, value in event.learning_rates.items()}
        numbers |= {f"gradient_norm/{name}": value for name, value in event.gradient_norms.items()}
        self._log(numbers, event.step)
        for logger in self.loggers:
            logger.save()

    def _log(self, numbers: Mapping[str, float], step: int) -> None:
        for logger in self.loggers:
            logger.log_metrics(dict(numbers), step)


def lacking(name: str) -> str | None:
    """The package that the logger of this name needs and that is not installed; None where nothing is missing."""
    package = PACKAGES.get(name)
    return package if package is not None and find_spec(package) is None else None


@contextmanager
def tracking(
    loggers: Sequence[LoggerSpec], folder: Path, *, name: str, run: str, spec: Mapping[str, str]
) -> Iterator[tuple[Tracked, ...]]:
    """Observers that tell these loggers, which write below `folder`, none where there is none to tell.

    `name` is that of the experiment, `run` that of the run, `spec` every value by its key. For the leading process.

    Raises UsageError where a package does not take its settings.
    """
    if not loggers:
        yield ()
        return
    for key, value in QUIET.items():
        os.environ.setdefault(key, value)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*Experiment logs directory .* exists and is not empty.*")
        made = [opened(logger, folder, name=name, run=run) for logger in loggers]
    status = "failed"
    try:
        yield (Tracked(made, spec),)
        status = "success"
    finally:
        for logger in made:
            logger.finalize(status)


def opened(spec: LoggerSpec, folder: Path, *, name: str, run: str) -> AnyLogger:
    """A logger that is ready to be told. Raises UsageError, in the words of its package."""
    logging.getLogger("pytorch_lightning.loggers").setLevel(logging.ERROR)  # that it makes an experiment is no warning
    try:
        logger = logger_of(spec, folder, name=name, run=run)
        logger.experiment  # noqa: B018 - made when first asked for
    except Exception as error:  # each package has errors of its own
        cause = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UsageError(f"trainer.logger: {spec.name} can't be opened: {cause}") from error
    return logger


def logger_of(spec: LoggerSpec, folder: Path, *, name: str, run: str) -> AnyLogger:
    """Lightning's logger, on the disk alone unless the spec says an address."""
    if spec.name == "tensorboard":
        return TensorBoardLogger(folder, name="tensorboard", version="", default_hp_metric=False)
    if spec.name == "csv":
        return CSVLogger(folder, name="csv")
    if spec.name == "mlflow":
        own = (folder / "mlflow").absolute()
        where, artifacts = spec.tracking_uri, None
        if where is None:
            own.mkdir(parents=True, exist_ok=True)
            where, artifacts = f"sqlite:///{own / 'mlflow.db'}", (own / "artifacts").as_uri()
        return MLFlowLogger(
            experiment_name=spec.experiment or name, run_name=run, tracking_uri=where, artifact_location=artifacts
        )
    own = folder / "wandb"
    own.mkdir(parents=True, exist_ok=True)
    return WandbLogger(
        name=run,
        save_dir=own,
        project=spec.project or name,
        entity=spec.entity,
        offline=spec.mode != "online",
        resume="allow",
    )
