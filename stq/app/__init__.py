"""Use cases: a spec or a run comes in, a result dataclass goes out. This is where the spec stops.

Nothing here prints and nothing here parses a command line. Names are imported on demand, since most bring torch,
Lightning or xarray with them: a typo in a spec is reported without any of the three.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stq.app._calibrate_run import CalibrateResult, calibrate
    from stq.app._check import CheckResult
    from stq.app._check_grads import CheckGradsResult, check_grads
    from stq.app._check_module import check_module
    from stq.app._check_spec import check
    from stq.app._compare import Progress, compare
    from stq.app._comparison_result import ComparedRun, ComparisonResult, Difference
    from stq.app._config import ConfigDifference, ConfigResult, config, config_diff
    from stq.app._doctor import DoctorResult, Finding, doctor
    from stq.app._evaluate import EvaluateResult, evaluate
    from stq.app._evaluate_origins import OriginsResult, evaluate_origins
    from stq.app._export import ExportResult, export
    from stq.app._init_from import InitialWeights
    from stq.app._init_spec import InitResult, init_spec
    from stq.app._inspect_data import InspectResult, inspect_data
    from stq.app._list_losses import LossCard, list_losses, show_loss
    from stq.app._list_plugins import PluginCard, list_plugins
    from stq.app._list_runs import RunCard, list_runs
    from stq.app._memory import MemoryEstimate
    from stq.app._new_loss import NewLoss, new_loss
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
    from stq.app._schema import SchemaResult, schema
    from stq.app._train import resume, train
    from stq.app._train_result import Ready, TrainResult
    from stq.app._try_losses import try_losses
    from stq.app._tune import tune
    from stq.app._tune_result import Trial, TuneResult

_HOMES = {
    "CalibrateResult": "_calibrate_run",
    "CheckGradsResult": "_check_grads",
    "CheckResult": "_check",
    "ComparedRun": "_comparison_result",
    "ComparisonResult": "_comparison_result",
    "ConfigDifference": "_config",
    "ConfigResult": "_config",
    "DataCard": "_report_data",
    "Difference": "_comparison_result",
    "DoctorResult": "_doctor",
    "EvaluateResult": "_evaluate",
    "ExportResult": "_export",
    "Finding": "_doctor",
    "InitResult": "_init_spec",
    "InitialWeights": "_init_from",
    "InspectResult": "_inspect_data",
    "LearningCurves": "_report_data",
    "LossCard": "_list_losses",
    "MapAxes": "_report_data",
    "MapCase": "_report_data",
    "Maps": "_report_data",
    "MemoryEstimate": "_memory",
    "NewLoss": "_new_loss",
    "OriginsResult": "_evaluate_origins",
    "PluginCard": "_list_plugins",
    "PredictResult": "_predict",
    "Progress": "_compare",
    "Provenance": "_report_data",
    "Ready": "_train_result",
    "ReportData": "_report_data",
    "RunCard": "_list_runs",
    "RunFolder": "_run_folder",
    "SchemaResult": "_schema",
    "StoreResult": "_pack",
    "TrainResult": "_train_result",
    "Trial": "_tune_result",
    "TuneResult": "_tune_result",
    "VariableMaps": "_report_data",
    "WidthCurve": "_report_data",
    "calibrate": "_calibrate_run",
    "check": "_check_spec",
    "check_grads": "_check_grads",
    "check_module": "_check_module",
    "collect_report": "_report",
    "compare": "_compare",
    "config": "_config",
    "config_diff": "_config",
    "doctor": "_doctor",
    "evaluate": "_evaluate",
    "export": "_export",
    "evaluate_origins": "_evaluate_origins",
    "init_spec": "_init_spec",
    "inspect_data": "_inspect_data",
    "list_losses": "_list_losses",
    "list_plugins": "_list_plugins",
    "list_runs": "_list_runs",
    "new_loss": "_new_loss",
    "pack_spec": "_pack",
    "predict": "_predict",
    "resume": "_train",
    "schema": "_schema",
    "show_loss": "_list_losses",
    "train": "_train",
    "try_losses": "_try_losses",
    "tune": "_tune",
    "verify_store": "_pack",
}

__all__ = [
    "CalibrateResult",
    "CheckGradsResult",
    "CheckResult",
    "ComparedRun",
    "ComparisonResult",
    "ConfigDifference",
    "ConfigResult",
    "DataCard",
    "Difference",
    "DoctorResult",
    "EvaluateResult",
    "ExportResult",
    "Finding",
    "InitResult",
    "InitialWeights",
    "InspectResult",
    "LearningCurves",
    "LossCard",
    "MapAxes",
    "MapCase",
    "Maps",
    "MemoryEstimate",
    "NewLoss",
    "OriginsResult",
    "PluginCard",
    "PredictResult",
    "Progress",
    "Provenance",
    "Ready",
    "ReportData",
    "RunCard",
    "RunFolder",
    "SchemaResult",
    "StoreResult",
    "TrainResult",
    "Trial",
    "TuneResult",
    "VariableMaps",
    "WidthCurve",
    "calibrate",
    "check",
    "check_grads",
    "check_module",
    "collect_report",
    "compare",
    "config",
    "config_diff",
    "doctor",
    "evaluate",
    "evaluate_origins",
    "export",
    "init_spec",
    "inspect_data",
    "list_losses",
    "list_plugins",
    "list_runs",
    "new_loss",
    "pack_spec",
    "predict",
    "resume",
    "schema",
    "show_loss",
    "train",
    "try_losses",
    "tune",
    "verify_store",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
