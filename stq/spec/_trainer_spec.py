"""The training loop: the arguments of Lightning's trainer that a spec may set."""

from typing import Annotated, Literal

from pydantic import Field

from stq.spec._logger_spec import Loggers
from stq.spec._section import Section
from stq.spec._strategy_spec import DdpSpec, Strategy
from stq.spec._types import Count, CountOrNull, Flag, OneOf, expect


class TrainerSpec(Section):
    """How long, where and with which arithmetic to train."""

    max_epochs: Count = 60
    """Most passes over the training part; default 60."""
    max_steps: CountOrNull = None
    """Most optimiser steps; default null, `max_epochs` decides alone."""
    patience: CountOrNull = 20
    """Epochs without a better central validation error after which training stops (where the central forecast is
    frozen: without a better total of the losses that train); null for never; default 20."""
    precision: Annotated[Literal["32-true", "64-true", "bf16-mixed", "16-mixed"], OneOf()] = "32-true"
    """Arithmetic: of everything (true), or of the forward pass with weights in 32 bits (mixed). Default 32-true, for
    which the promises of bitwise equality hold."""
    accelerator: Annotated[Literal["auto", "cpu", "gpu", "cuda", "mps", "tpu"], OneOf()] = "auto"
    """Kind of device; default auto, the fastest that is there."""
    devices: Annotated[
        Annotated[int, Field(ge=1)] | Literal["auto"], expect("a whole number of at least 1, or auto")
    ] = 1
    """Number of devices of each machine, or auto for all; one process each, and on a CPU that many processes; default
    1."""
    num_nodes: Count = 1
    """Number of machines; default 1."""
    strategy: Strategy = "auto"
    """How several processes train: ddp, each on its part of every batch, is the only way, and auto means it. They are
    there already (torchrun), or the command starts them. Default auto."""
    ddp: DdpSpec = DdpSpec()
    """Settings of several processes, {find_unused_parameters, gradient_as_bucket_view}; default both false."""
    accumulate_grad_batches: Count = 1
    """Batches whose gradients are averaged into one step; default 1."""
    log_every_n_steps: Count = 10
    """Steps between two rows of the step log; default 10."""
    logger: Loggers = ()
    """Where training is told about beside the run's metrics.csv: tensorboard, mlflow, wandb or csv, a list of them, or
    {name, and its options}; null for nowhere. Nothing reaches a network unless an option says so. Default null."""
    deterministic: Flag = False
    """Whether to refuse operations that give different bits in each run on a GPU; default false."""
    detect_anomaly: Flag = False
    """Whether to name the operation whose gradient is NaN; slow, for the search alone. Default false."""
    on_nonfinite: Annotated[Literal["stop", "skip"], OneOf()] = "stop"
    """What to do where a loss or a gradient is NaN or infinite: stop, before the update; or skip that one update, count
    it, and stop after 10 in a row. A skipped step counts as a step for the schedule, the order and the seeds; weights
    and optimiser stay as they were. Default stop."""
    ema: Annotated[float | None, Field(gt=0, lt=1), expect("a number between 0 and 1, both excluded, or null")] = None
    """Decay of an exponential moving average of the weights, such as 0.999: after every step they are averaged over
    about the last 1 / (1 - ema) steps. The averaged weights are validated, kept as the best, calibrated and scored;
    default null, the weights themselves."""
