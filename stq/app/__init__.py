"""Use cases: a spec or a run comes in, a result dataclass goes out. This is where the spec stops.

Nothing here prints and nothing here parses a command line. Names are imported on demand, since most bring torch,
Lightning or xarray with them: a typo in a spec is reported without any of the three.

Where things live, from the spec to what a person reads:

- a spec by itself: `_init_spec`, `_config`, `_schema`; with its data: `_check_spec`, `_check`, `_memory`, `_alive`,
  `_inspect_data`
- from its sections to what trains: `_losses`, `_models`, `_metrics`, `_data`, `_strata`, `_device`, `_groups`,
  `_init_from`; put together: `_assembly`; what a person should know of it: `_notes`
- training: `_train`, `_train_result`, with room for it `_disk_space`; going on: `_resume`, as what it was:
  `_identity`, `_same_experiment`; the audit: `_check_grads`, `_synthetic`, and of a model without a spec
  `_check_module`, `_users_code`; searches and comparisons keep to `_one_process`
- the folder of a run: `_run_paths`, `_run_contents` (what may lie in it), `_run_folder`, `_run_lock`, `_plugin_copies`,
  `_metrics_file` (written) and `_epochs` (read), `_kept_scores`, `_list_runs`
- bands: `_calibrate`, `_calibrate_run`, `_corrections`
- forecasts: of a split `_forecasting`, of a field `_forecast_bands`, into a file `_predict`
- scores: `_score_split`, `_evaluate`, `_evaluate_origins`, `_origin_splits`; what has to be beaten: `baselines`
- plugins: `_list_losses`, `_list_models`, `_list_plugins`, `_try_losses`, `_new_loss`
- the rest: `_pack` (packed stores), `_verify` (them and forecasts), `_doctor` and `_contention` (this machine),
  `_finite` (for JSON)
- larger use cases, packages of their own: `comparison` (stq compare), `report_data` (stq report), `tuning` (stq tune),
  `exporting` (stq export)
"""

import gc
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stq.app._calibrate_run import CalibrateResult, calibrate
    from stq.app._check import CheckResult
    from stq.app._check_grads import CheckGradsResult, check_grads
    from stq.app._check_module import check_module
    from stq.app._check_spec import check
    from stq.app._config import ConfigDifference, ConfigResult, config, config_diff
    from stq.app._contention import contention
    from stq.app._doctor import DoctorResult, Finding, doctor
    from stq.app._evaluate import EvaluateResult, evaluate
    from stq.app._evaluate_origins import OriginsResult, evaluate_origins
    from stq.app._init_from import InitialWeights
    from stq.app._init_spec import InitResult, init_spec
    from stq.app._inspect_data import InspectResult, inspect_data
    from stq.app._kept_scores import KeptScores
    from stq.app._list_losses import LossCard, list_losses, losses_left_out, show_loss
    from stq.app._list_models import ModelCard, list_models, models_left_out, show_model
    from stq.app._list_plugins import PluginCard, list_plugins
    from stq.app._list_runs import RunCard, list_runs
    from stq.app._memory import MemoryEstimate
    from stq.app._new_loss import NewLoss, new_loss
    from stq.app._pack import StoreResult, pack_spec
    from stq.app._predict import PredictResult, predict
    from stq.app._resume import resume
    from stq.app._run_folder import RunFolder
    from stq.app._schema import SchemaResult, schema
    from stq.app._train import train
    from stq.app._train_result import Ready, TrainResult
    from stq.app._try_losses import try_losses
    from stq.app._verify import VerifiedForecast, verify
    from stq.app.comparison import ComparedRun, ComparisonResult, Difference, Progress, compare
    from stq.app.exporting import ExportResult, export
    from stq.app.report_data import (
        DataCard,
        LearningCurves,
        MapAxes,
        MapCase,
        Maps,
        Provenance,
        ReportData,
        VariableMaps,
        WidthCurve,
        collect_report,
    )
    from stq.app.tuning import Trial, TuneResult, tune

_HOMES = {
    "CalibrateResult": "_calibrate_run",
    "CheckGradsResult": "_check_grads",
    "CheckResult": "_check",
    "ComparedRun": "comparison",
    "ComparisonResult": "comparison",
    "ConfigDifference": "_config",
    "ConfigResult": "_config",
    "DataCard": "report_data",
    "Difference": "comparison",
    "DoctorResult": "_doctor",
    "EvaluateResult": "_evaluate",
    "ExportResult": "exporting",
    "Finding": "_doctor",
    "InitResult": "_init_spec",
    "InitialWeights": "_init_from",
    "InspectResult": "_inspect_data",
    "LearningCurves": "report_data",
    "LossCard": "_list_losses",
    "MapAxes": "report_data",
    "MapCase": "report_data",
    "Maps": "report_data",
    "MemoryEstimate": "_memory",
    "ModelCard": "_list_models",
    "NewLoss": "_new_loss",
    "OriginsResult": "_evaluate_origins",
    "PluginCard": "_list_plugins",
    "PredictResult": "_predict",
    "Progress": "comparison",
    "Provenance": "report_data",
    "Ready": "_train_result",
    "ReportData": "report_data",
    "KeptScores": "_kept_scores",
    "RunCard": "_list_runs",
    "RunFolder": "_run_folder",
    "SchemaResult": "_schema",
    "StoreResult": "_pack",
    "VerifiedForecast": "_verify",
    "TrainResult": "_train_result",
    "Trial": "tuning",
    "TuneResult": "tuning",
    "VariableMaps": "report_data",
    "WidthCurve": "report_data",
    "calibrate": "_calibrate_run",
    "check": "_check_spec",
    "check_grads": "_check_grads",
    "check_module": "_check_module",
    "collect_report": "report_data",
    "compare": "comparison",
    "config": "_config",
    "config_diff": "_config",
    "contention": "_contention",
    "doctor": "_doctor",
    "evaluate": "_evaluate",
    "export": "exporting",
    "evaluate_origins": "_evaluate_origins",
    "init_spec": "_init_spec",
    "inspect_data": "_inspect_data",
    "list_losses": "_list_losses",
    "losses_left_out": "_list_losses",
    "list_models": "_list_models",
    "models_left_out": "_list_models",
    "list_plugins": "_list_plugins",
    "list_runs": "_list_runs",
    "new_loss": "_new_loss",
    "pack_spec": "_pack",
    "predict": "_predict",
    "resume": "_resume",
    "schema": "_schema",
    "show_loss": "_list_losses",
    "show_model": "_list_models",
    "train": "_train",
    "try_losses": "_try_losses",
    "tune": "tuning",
    "verify": "_verify",
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
    "KeptScores",
    "LearningCurves",
    "LossCard",
    "MapAxes",
    "MapCase",
    "Maps",
    "MemoryEstimate",
    "ModelCard",
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
    "VerifiedForecast",
    "WidthCurve",
    "calibrate",
    "check",
    "check_grads",
    "check_module",
    "collect_report",
    "compare",
    "config",
    "config_diff",
    "contention",
    "doctor",
    "evaluate",
    "evaluate_origins",
    "export",
    "init_spec",
    "inspect_data",
    "list_losses",
    "list_models",
    "list_plugins",
    "list_runs",
    "losses_left_out",
    "models_left_out",
    "new_loss",
    "pack_spec",
    "predict",
    "resume",
    "schema",
    "show_loss",
    "show_model",
    "train",
    "try_losses",
    "tune",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # What modules make lives on: to look through it for garbage again and again took a sixth of the start.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    finally:
        if collecting:
            gc.enable()
