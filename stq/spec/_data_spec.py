"""What is forecast from what, and how the series is read."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from stq.errors import nearest
from stq.spec._data_files import DimsSpec, Sources, StaticSpec
from stq.spec._derived_spec import DerivedSpec, MaskSpec, in_order
from stq.spec._frozen_dict import FrozenDict
from stq.spec._memory_size import MemorySize, bytes_of
from stq.spec._patch_spec import PatchSpec
from stq.spec._section import Mistake, Section, Surroundings, found, refuse
from stq.spec._split_spec import SplitSpec
from stq.spec._time_spec import TimeSpec, TimeStepSpec
from stq.spec._types import Count, ListOf, MappingOf, OneOf, SetOf, Text, WholeNumber, ascending


class CoarsenSpec(Section):
    """Averaging over blocks of cells before anything else."""

    y: Count = 1
    """Rows in a block; default 1."""
    x: Count = 1
    """Columns in a block; default 1."""


class DataSpec(Section):
    """The series, its variables, and its cutting into windows and parts."""

    source: Sources
    """Path or pattern of the files, a list of them, or a packed store, relative to the spec's file. Required."""
    targets: Annotated[SetOf[Text], Field(min_length=1)]
    """Variables that are forecast; they are inputs too. Required."""
    inputs: SetOf[Text] = ()
    """Further moving variables that the network sees; default none."""
    static: ListOf[StaticSpec] = ()
    """Maps constant in time, each a variable or {file, variable}; default none."""
    calendar: SetOf[Annotated[Literal["month", "hour"], OneOf()]] = ()
    """Further inputs from the date, each as a sine and a cosine: month, hour; default none."""
    history: Count = 4
    """Steps of input in a window; default 4."""
    horizons: Annotated[ListOf[Count], Field(min_length=1)] = (1, 2, 3, 4)
    """Steps ahead that are forecast, ascending, counted from the last input step; default [1, 2, 3, 4]."""
    split: SplitSpec = SplitSpec(train=0.7, val=0.1, calibration=0.1, test=0.1)
    """Parts of the series; default the fractions 0.7, 0.1, 0.1, 0.1 in the order train, val, calibration, test."""
    normalise: Annotated[Literal["anomaly", "standard", "none"], OneOf()] = "anomaly"
    """anomaly: minus the training climatology, over the anomalies' deviation; standard: minus the mean, over the
    deviation; none. Default anomaly."""
    relative_to: Annotated[Literal["none", "last"], OneOf()] = "none"
    """last: inputs and targets as differences from the last known frame, in units of the one-step change.
    Default none."""
    coarsen: CoarsenSpec | None = None
    """Blocks of cells to average, {y, x}; default null, none."""
    patch: Annotated[PatchSpec | None, Field(validate_default=True)] = None
    """Squares to cut large fields into, {size, overlap} in cells; default null, whole fields."""
    dims: DimsSpec | None = None
    """Names of the axes {time, y, x}; default null, found from the file."""
    time: TimeSpec | None = None
    """Dates of files that have none, {start, step, calendar} or {index}; default null, dates are in the files."""
    derived: Annotated[MappingOf[DerivedSpec], AfterValidator(in_order)] = FrozenDict()
    """Variables computed from those of the files, by name: an expression such as (nir - red) / (nir + red), or
    {expr, units}; default none."""
    mask: MaskSpec | None = None
    """Where values count, {where}, for example {where: "SCL in [4, 5]"}; default null, everywhere."""
    absent_chunks: Annotated[Literal["refuse", "fill"], OneOf()] = "refuse"
    """What a chunk means that a Zarr store does not hold. refuse: it may be lost, an error; fill: Zarr's fill value,
    for stores that leave out chunks of nothing else. Default refuse."""
    future: SetOf[Text] = ()
    """Inputs whose values at the targets' times are known ahead: variables, and month and hour; default none."""
    transform: MappingOf[Annotated[Literal["log1p", "log", "sqrt", "cbrt", "asinh"], OneOf()]] = FrozenDict({})
    """Functions that variables go through before they are normalised, and back for the forecast, {variable: log1p};
    default {}, none."""
    missing: Annotated[Literal["climatology", "forward"], OneOf()] = "climatology"
    """What stands where an input is missing: its climatology, or the last value known in the window (forward). A
    further input says where, if values are missing in the training part. Default climatology."""
    step: TimeStepSpec | None = None
    """An even step such as 1D or {every, tolerance}, at which frames may be missing; default null, as in the files."""
    irregular: Annotated[Literal["refuse", "index"], OneOf()] = "refuse"
    """index: windows count frames whatever the time between them, which becomes a further input; default refuse."""
    memory: MemorySize = "auto"
    """all: take the series into memory; lazy: read each window from the files; a size such as 4GB: in memory up to
    there; auto: up to 1GiB. Default auto."""
    area_weights: Annotated[Literal["none", "cosine"], OneOf()] = "none"
    """cosine: losses and scores weight a cell by the cosine of its latitude. Default none: all cells alike."""
    batch_size: Count = 8
    """Windows in a batch; default 8."""
    workers: WholeNumber = 0
    """Processes that load windows; default 0, the training process itself."""

    def memory_bytes(self) -> str | int:
        """`memory` as one of its words, or in bytes."""
        return bytes_of(self.memory)

    @field_validator("future")
    @classmethod
    def _no_target_is_known_ahead(cls, future: tuple[str, ...], around: Surroundings) -> tuple[str, ...]:
        targets = around.data.get("targets", ())
        wrong = [index for index, name in enumerate(future) if name in targets]
        if wrong:
            hint = "what is forecast is not known ahead"
            refuse(*(Mistake(f"{found(future[index])} is a target", (index,), hint) for index in wrong))
        return future

    @field_validator("transform")
    @classmethod
    def _transforms_of_moving_variables(cls, transform: dict[str, str], around: Surroundings) -> dict[str, str]:
        if not {"targets", "inputs", "future"} <= around.data.keys():  # one of them is wrong itself
            return transform
        moving = tuple(name for key in ("targets", "inputs", "future") for name in around.data[key])
        wrong = [name for name in transform if name not in moving]
        if wrong:
            known = f"there are {', '.join(moving)}"
            mistakes = (
                Mistake(f"{found(name)} is neither target nor input", (name,), nearest(name, moving, known), "key")
                for name in wrong
            )
            refuse(*mistakes)
        return transform

    @field_validator("irregular")
    @classmethod
    def _even_or_not(cls, irregular: str, around: Surroundings) -> str:
        if irregular == "index" and around.data.get("step") is not None:
            refuse(Mistake("irregular steps can't be even as well", hint="give data.step or data.irregular"))
        return irregular

    @field_validator("patch")
    @classmethod
    def _rare_among_targets(cls, patch: PatchSpec | None, around: Surroundings) -> PatchSpec | None:
        targets = around.data.get("targets", ())
        if patch is not None and patch.rare is not None and targets and patch.rare.variable not in targets:
            name = patch.rare.variable
            hint = nearest(name, targets, f"there are {', '.join(targets)}")
            refuse(Mistake(f"expected one of the targets, found {found(name)}", ("rare", "variable"), hint))
        return patch

    @field_validator("patch")
    @classmethod
    def _blocks_need_patches(cls, patch: PatchSpec | None, around: Surroundings) -> PatchSpec | None:
        split = around.data.get("split")
        if patch is None and isinstance(split, SplitSpec) and split.blocks is not None:
            refuse(
                Mistake(
                    "data.split.blocks needs patches",
                    hint="set data.patch; a whole field would show the network the cells held out",
                )
            )
        return patch

    @field_validator("horizons")
    @classmethod
    def _horizons_ascend(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        return ascending(horizons)

    @field_validator("inputs", "static")
    @classmethod
    def _named_once(cls, value: tuple[str | StaticSpec, ...], around: Surroundings) -> tuple[str | StaticSpec, ...]:
        """A variable stands among the targets, the inputs or the static maps, and there once."""
        places = {name: key for key in ("targets", "inputs") for name in around.data.get(key, ())}
        mistakes = []
        for index, item in enumerate(value):
            is_map = isinstance(item, StaticSpec)
            name = item.variable if isinstance(item, StaticSpec) else item
            if name in places:
                hint = "a map that moves is an input" if is_map else "targets are inputs anyway"
                path = (index, "variable") if is_map else (index,)
                mistakes.append(Mistake(f"{found(name)} stands under {places[name]} already", path, hint))
            elif is_map:
                places[name] = "static"
        if mistakes:
            refuse(*mistakes)
        return value
