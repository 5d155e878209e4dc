"""The whole spec: the one configuration object of stq."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from stq.errors import nearest
from stq.spec._data_files import StaticSpec
from stq.spec._data_spec import DataSpec
from stq.spec._evaluation_spec import EvaluationSpec
from stq.spec._frozen_dict import FrozenDict
from stq.spec._loss_spec import LossSpec
from stq.spec._model_spec import ModelSpec
from stq.spec._optim_spec import OptimSpec
from stq.spec._plugin_item import names_differ
from stq.spec._quantile_spec import CalibrationSpec, QuantileSpec
from stq.spec._schedule_spec import CENTRAL
from stq.spec._section import Mistake, Section, Surroundings, found, refuse
from stq.spec._trainer_spec import TrainerSpec
from stq.spec._tune_spec import TuneSpec
from stq.spec._types import File, Flag, ListOf, MappingOf, Name, OneOf, SetOf, Text, expect


class RoutingSpec(Section):
    """How losses are kept from parameters outside their tag."""

    engine: Annotated[Literal["pruned", "save-restore", "joint"], OneOf()] = "pruned"
    """pruned: one backward pass per class of groups; save-restore: the original recipe, the same gradients bit for bit;
    joint: no isolation. Default pruned."""


_RunName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$", max_length=64),
    expect("a name that can be a folder's: at most 64 letters, digits, ., _ and -, the first not . or -"),
]


class Spec(Section):
    """An experiment: data, network, losses, routing and training. Frozen and hashable."""

    stq: Annotated[Literal[1], expect("1, the version of the spec that this stq reads")] = 1
    """Version of the spec's language; default 1, the only one."""
    name: _RunName = "run"
    """Begins the run folder's name; default the spec file's name without its ending."""
    seed: Annotated[int, Field(ge=0, lt=2**32), expect("a whole number from 0 to 4294967295")] = 0
    """Seed of initial weights, dropout and the order of the data; default 0."""
    environment: Flag = False
    """Whether ${env:NAME} and ${env:NAME:default} in texts stand for environment variables; default false. A resolved
    spec holds their values, and false."""
    data: DataSpec
    """The series; `source` and `targets` are required."""
    model: ModelSpec = ModelSpec()
    """The network."""
    quantiles: QuantileSpec | None = QuantileSpec()
    """The quantile band, {levels, order}; null for a central forecast alone; default the 95 % band, anchored."""
    losses: Annotated[ListOf[LossSpec], Field(min_length=1), AfterValidator(names_differ)]
    """The losses, each a plugin's name or {loss, name, weight, updates, and the plugin's options}. Required."""
    groups: MappingOf[Annotated[SetOf[Text], Field(min_length=1)]] = FrozenDict()
    """Parameter groups, each a list of patterns over parameter names (convlstm.*); default {}, the model's own."""
    freeze: SetOf[Name] = ()
    """Groups that no loss may move; default none."""
    routing: RoutingSpec = RoutingSpec()
    """How losses are kept apart, {engine}; default {engine: pruned}."""
    optim: OptimSpec = OptimSpec()
    """The optimiser."""
    trainer: TrainerSpec = TrainerSpec()
    """The training loop."""
    strata: StaticSpec | None = None
    """A map of whole numbers, constant in time and on the data's grid, that divides the field into strata: a variable's
    name, or {variable, file}. For `calibration.by: [stratum]` and for scores by stratum. Default null, none."""
    calibration: Annotated[CalibrationSpec | None, Field(validate_default=True)] = CalibrationSpec()
    """Calibration of the band, {method, by, scores}; null for none; default conformal by horizon and variable where the
    split has a calibration part, else null."""
    evaluation: EvaluationSpec = EvaluationSpec()
    """What is scored beside what is always scored, {thresholds, neighbourhood, periods, bootstrap, metrics}; default
    nothing, with intervals of 1000 repetitions."""
    plugins: SetOf[File] = ()
    """Further local plugin files, relative to the spec's file; default none."""
    init_from: File | None = None
    """Folder of a run whose best weights are the initial ones, and whose normalisation is kept; relative to the spec's
    file; default null, none."""
    tune: TuneSpec | None = None
    """The search that `stq tune` makes, {over, trials, seed, prune}, and that no other command looks at; default null,
    what its arguments say."""

    @field_validator("optim")
    @classmethod
    def _monitors_what_there_is(cls, optim: OptimSpec, around: Surroundings) -> OptimSpec:
        plateau, losses = optim.schedule.plateau, around.data.get("losses")
        if plateau is not None and losses is not None:
            known = [CENTRAL, *(loss.name for loss in losses)]
            if plateau.monitor not in known:
                message = f'nothing in the validation is called "{plateau.monitor}"'
                hint = nearest(plateau.monitor, known, f"there are: {', '.join(known)}")
                refuse(Mistake(message, ("schedule", "plateau", "monitor"), hint))
        return optim

    @field_validator("trainer")
    @classmethod
    def _the_original_recipe_is_alone(cls, trainer: TrainerSpec, around: Surroundings) -> TrainerSpec:
        routing = around.data.get("routing")
        key = next((key for key in ("devices", "num_nodes") if getattr(trainer, key) not in (1, "auto")), None)
        if routing is not None and routing.engine == "save-restore" and key is not None:
            message = (
                f"routing.engine: save-restore works in one process, found {key}: {getattr(trainer, key)}; it touches "
                f"a parameter in several passes, and DistributedDataParallel reduces each of them once in a step"
            )
            refuse(Mistake(message, (key,), "set routing.engine: pruned, which gives the same gradients"))
        return trainer

    @field_validator("calibration")
    @classmethod
    def _has_a_part(cls, calibration: CalibrationSpec | None, around: Surroundings) -> CalibrationSpec | None:
        data = around.data.get("data")
        if data is not None and data.split.calibration is None:
            if calibration is cls.model_fields["calibration"].default:
                return None
            if calibration is not None:
                hint = "add data.split.calibration, or set calibration: null"
                refuse(Mistake("the split has no calibration part to calibrate on", hint=hint, on="key"))
        if calibration is not None and "stratum" in calibration.by and around.data.get("strata", True) is None:
            hint = "name a map of whole numbers: strata: NAME, or strata: {variable: NAME, file: PATH}"
            refuse(Mistake("there are no strata to calibrate by", ("by", calibration.by.index("stratum")), hint))
        return calibration

    @field_validator("evaluation")
    @classmethod
    def _thresholds_of_targets(cls, evaluation: EvaluationSpec, around: Surroundings) -> EvaluationSpec:
        data = around.data.get("data")
        if data is None:
            return evaluation
        known = f"the targets are {', '.join(data.targets)}"
        mistakes = [
            Mistake(f"{found(name)} is no target", ("thresholds", name), nearest(name, data.targets, known), "key")
            for name in evaluation.thresholds
            if name not in data.targets
        ]
        if mistakes:
            refuse(*mistakes)
        return evaluation
