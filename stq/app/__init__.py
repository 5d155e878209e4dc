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
    from stq.app._list_losses import LossCard, list_losses
    from stq.app._list_plugins import PluginCard, list_plugins
    from stq.app._pack import StoreResult, pack_spec, verify_store
    from stq.app._predict import PredictResult, predict
    from stq.app._report import collect_report
    from stq.app._report_data import (
        DataCard,
        LearningCurves,
        MapAxes,
        MapCase,
        Maps,
        Provenance,
        ReportData,
        VariableMaps,
        WidthCurve,
    )
    from stq.app._run_folder import RunFolder
    from stq.app._train import resume, train
    from stq.app._train_result import Ready, TrainResult

_HOMES = {
    "CheckGradsResult": "_check_grads",
    "CheckResult": "_check",
    "DataCard": "_report_data",
    "EvaluateResult": "_evaluate",
    "InitResult": "_init_spec",
    "InitialWeights": "_init_from",
    "InspectResult": "_inspect_data",
    "LearningCurves": "_report_data",
    "LossCard": "_list_losses",
    "MapAxes": "_report_data",
    "MapCase": "_report_data",
    "Maps": "_report_data",
    "PluginCard": "_list_plugins",
    "PredictResult": "_predict",
    "Provenance": "_report_data",
    "Ready": "_train_result",
    "ReportData": "_report_data",
    "RunFolder": "_run_folder",
    "StoreResult": "_pack",
    "TrainResult": "_train_result",
    "VariableMaps": "_report_data",
    "WidthCurve": "_report_data",
    "check": "_check",
    "check_grads": "_check_grads",
    "check_module": "_check_module",
    "collect_report": "_report",
    "evaluate": "_evaluate",
    "init_spec": "_init_spec",
    "inspect_data": "_inspect_data",
    "list_losses": "_list_losses",
    "list_plugins": "_list_plugins",
    "pack_spec": "_pack",
    "predict": "_predict",
    "resume": "_train",
    "train": "_train",
    "verify_store": "_pack",
}

__all__ = [
    "CheckGradsResult",
    "CheckResult",
    "DataCard",
    "EvaluateResult",
    "InitResult",
    "InitialWeights",
    "InspectResult",
    "LearningCurves",
    "LossCard",
    "MapAxes",
    "MapCase",
    "Maps",
    "PluginCard",
    "PredictResult",
    "Provenance",
    "Ready",
    "ReportData",
    "RunFolder",
    "StoreResult",
    "TrainResult",
    "VariableMaps",
    "WidthCurve",
    "check",
    "check_grads",
    "check_module",
    "collect_report",
    "evaluate",
    "init_spec",
    "inspect_data",
    "list_losses",
    "list_plugins",
    "pack_spec",
    "predict",
    "resume",
    "train",
    "verify_store",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
