"""The only home of Lightning: the module that hangs routing onto it, its loaders, its checkpoints, and one `fit`.

Nothing here prints. What a person may want to see goes to a `TrainingObserver`.
"""

from stq.training._checkpoint_io import AtomicCheckpointIO
from stq.training._checkpoint_store import CheckpointStore, Newest
from stq.training._checkpoints import load_weights, noted_sha256
from stq.training._composite_optimiser import CompositeOptimiser
from stq.training._devices import device_of, devices_of, devices_there
from stq.training._fit import FitResult, fit
from stq.training._forecast_module import ForecastModule
from stq.training._loaders import Loaders
from stq.training._observer import EpochEnded, Started, Stepped, TrainingObserver
from stq.training._probe import audit_module, probe_training_step
from stq.training._shards import TurnsOfBatches
from stq.training._tracking import lacking, tracking
from stq.training._world import ALONE, World, joined

__all__ = [
    "ALONE",
    "AtomicCheckpointIO",
    "CheckpointStore",
    "CompositeOptimiser",
    "EpochEnded",
    "FitResult",
    "ForecastModule",
    "Loaders",
    "Newest",
    "Started",
    "Stepped",
    "TrainingObserver",
    "TurnsOfBatches",
    "World",
    "audit_module",
    "device_of",
    "devices_of",
    "devices_there",
    "fit",
    "joined",
    "lacking",
    "load_weights",
    "noted_sha256",
    "probe_training_step",
    "tracking",
]
