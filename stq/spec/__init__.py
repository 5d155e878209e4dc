"""The spec: one YAML file that says the whole experiment, read strictly and told about clearly.

The frozen pydantic models are the configuration object itself; there is no second schema. `load_spec` reads a file,
`--set` arguments included, and reports every mistake at once, each with its place, the line, and the nearest name.
What only plugins, data or the model's groups can decide is checked by others, who report through `LoadedSpec.problem`.

Nothing here imports torch or numpy, so that a wrong spec is answered at once.
"""

from stq.spec._data_files import DimsSpec, StaticSpec
from stq.spec._data_spec import CoarsenSpec, DataSpec
from stq.spec._derived_spec import DerivedSpec, MaskSpec
from stq.spec._dump import dump_spec
from stq.spec._evaluation_spec import BootstrapSpec, EvaluationSpec, MetricSpec
from stq.spec._field_docs import field_docs
from stq.spec._given_options import GivenOptions, parse_options
from stq.spec._json_schema import Plugin, Plugins, json_schema
from stq.spec._load import load_spec, parse_spec
from stq.spec._loaded_spec import LoadedSpec
from stq.spec._logger_spec import LoggerSpec
from stq.spec._loss_spec import LossSpec
from stq.spec._model_spec import HeadsSpec, LocationSpec, ModelSpec
from stq.spec._optim_spec import ClipSpec, GroupOptimSpec, OptimSpec
from stq.spec._patch_spec import PatchSpec, RareSpec
from stq.spec._plugin_file import PluginFile
from stq.spec._quantile_spec import CalibrationSpec, QuantileSpec
from stq.spec._schedule_spec import CENTRAL, ExponentialSpec, PlateauSpec, ScheduleSpec, StepSpec
from stq.spec._search import Dimension, parse_dimension
from stq.spec._settings import Setting, settings
from stq.spec._spec import RoutingSpec, Spec
from stq.spec._split_spec import BlocksSpec, SplitSpec
from stq.spec._strategy_spec import DdpSpec
from stq.spec._template import commented_spec
from stq.spec._time_spec import TimeSpec, TimeStepSpec
from stq.spec._trainer_spec import TrainerSpec
from stq.spec._tune_spec import TuneSpec

__all__ = [
    "CENTRAL",
    "BlocksSpec",
    "BootstrapSpec",
    "CalibrationSpec",
    "ClipSpec",
    "CoarsenSpec",
    "DataSpec",
    "DdpSpec",
    "DerivedSpec",
    "Dimension",
    "DimsSpec",
    "EvaluationSpec",
    "ExponentialSpec",
    "GivenOptions",
    "GroupOptimSpec",
    "HeadsSpec",
    "LoadedSpec",
    "LocationSpec",
    "LoggerSpec",
    "LossSpec",
    "MaskSpec",
    "MetricSpec",
    "ModelSpec",
    "OptimSpec",
    "PatchSpec",
    "PlateauSpec",
    "Plugin",
    "PluginFile",
    "Plugins",
    "QuantileSpec",
    "RareSpec",
    "RoutingSpec",
    "ScheduleSpec",
    "Setting",
    "Spec",
    "SplitSpec",
    "StaticSpec",
    "StepSpec",
    "TimeSpec",
    "TimeStepSpec",
    "TrainerSpec",
    "TuneSpec",
    "commented_spec",
    "dump_spec",
    "field_docs",
    "json_schema",
    "load_spec",
    "parse_dimension",
    "parse_options",
    "parse_spec",
    "settings",
]
