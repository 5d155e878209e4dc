"""Use cases: a spec or a run comes in, a result dataclass goes out. This is where the spec stops.

Nothing here prints and nothing here parses a command line. Names are imported on demand, since most bring torch,
Lightning or xarray with them: a typo in a spec is reported without any of the three.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stq.app._check import CheckResult, check
    from stq.app._check_grads import CheckGradsResult, check_grads
    from stq.app._check_module import check_module
    from stq.app._evaluate import EvaluateResult, evaluate
    from stq.app._init_from import InitialWeights
    from stq.app._init_spec import InitResult, init_spec
    from stq.app._inspect_data import InspectResult, inspect_data
    from stq.app._list_losses import LossCard, list_losses, show_loss
    from stq.app._list_plugins import PluginCard, list_plugins
    from stq.app._new_loss import NewLoss, new_loss
    from stq.app._pack import StoreResult, pack_spec, verify_store
    from stq.app._predict import PredictResult, predict
    from stq.app._run_folder import RunFolder
    from stq.app._train import resume, train
    from stq.app._train_result import Ready, TrainResult
    from stq.app._try_losses import try_losses

_HOMES = {
    "CheckGradsResult": "_check_grads",
    "CheckResult": "_check",
    "EvaluateResult": "_evaluate",
    "InitResult": "_init_spec",
    "InitialWeights": "_init_from",
    "InspectResult": "_inspect_data",
    "LossCard": "_list_losses",
    "NewLoss": "_new_loss",
    "PluginCard": "_list_plugins",
    "PredictResult": "_predict",
    "Ready": "_train_result",
    "RunFolder": "_run_folder",
    "StoreResult": "_pack",
    "TrainResult": "_train_result",
    "check": "_check",
    "check_grads": "_check_grads",
    "check_module": "_check_module",
    "evaluate": "_evaluate",
    "init_spec": "_init_spec",
    "inspect_data": "_inspect_data",
    "list_losses": "_list_losses",
    "list_plugins": "_list_plugins",
    "new_loss": "_new_loss",
    "pack_spec": "_pack",
    "predict": "_predict",
    "resume": "_train",
    "show_loss": "_list_losses",
    "train": "_train",
    "try_losses": "_try_losses",
    "verify_store": "_pack",
}

__all__ = [
    "CheckGradsResult",
    "CheckResult",
    "EvaluateResult",
    "InitResult",
    "InitialWeights",
    "InspectResult",
    "LossCard",
    "NewLoss",
    "PluginCard",
    "PredictResult",
    "Ready",
    "RunFolder",
    "StoreResult",
    "TrainResult",
    "check",
    "check_grads",
    "check_module",
    "evaluate",
    "init_spec",
    "inspect_data",
    "list_losses",
    "list_plugins",
    "new_loss",
    "pack_spec",
    "predict",
    "resume",
    "show_loss",
    "train",
    "try_losses",
    "verify_store",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
