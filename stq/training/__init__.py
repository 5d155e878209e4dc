"""The only home of Lightning: the module that hangs routing onto it, its loaders, its checkpoints, and one `fit`.

Nothing here prints. What a person may want to see goes to a `TrainingObserver`.
"""

from stq.training._checkpoints import AtomicCheckpointIO, load_weights
from stq.training._devices import device_of
from stq.training._fit import FitResult, fit
from stq.training._forecast_module import ForecastModule
from stq.training._loaders import Loaders
from stq.training._observer import EpochEnded, Started, Stepped, TrainingObserver
from stq.training._probe import audit_module, probe_training_step

__all__ = [
    "AtomicCheckpointIO",
    "EpochEnded",
    "FitResult",
    "ForecastModule",
    "Loaders",
    "Started",
    "Stepped",
    "TrainingObserver",
    "audit_module",
    "device_of",
    "fit",
    "load_weights",
    "probe_training_step",
]
