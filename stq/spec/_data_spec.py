"""What is forecast from what, and how the series is read."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from stq.spec._derived_spec import DerivedSpec, MaskSpec, in_order
from stq.spec._frozen_dict import FrozenDict
from stq.spec._section import Mistake, Section, Surroundings, found, refuse
from stq.spec._split_spec import SplitSpec
from stq.spec._time_spec import TimeSpec
from stq.spec._types import Count, File, ListOf, MappingOf, OneOf, SetOf, Text, WholeNumber, absolute, ascending, expect


class StaticSpec(Section):
    """A map that does not change in time. Just a name in the spec means a variable of the data itself."""

    variable: Text
    """Name of the variable."""
    file: File | None = None
    """File that holds it, on the data's grid; default null, the data itself."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        return {"variable": value} if isinstance(value, str) else value


class CoarsenSpec(Section):
    """Averaging over blocks of cells before anything else."""

    y: Count = 1
    """Rows in a block; default 1."""
    x: Count = 1
    """Columns in a block; default 1."""


class PatchSpec(Section):
    """Cutting of fields that are larger than memory or model into squares."""

    size: Count = 64
    """Side of a square in cells; default 64."""
    overlap: WholeNumber = 16
    """Cells that neighbouring squares share; below the size; default 16."""

    @field_validator("overlap")
    @classmethod
    def _below_size(cls, overlap: int, around: Surroundings) -> int:
        size = around.data.get("size")
        if size is not None and overlap >= size:
            refuse(Mistake(f"expected an overlap below the size of {size}, found {overlap}"))
        return overlap


class DimsSpec(Section):
    """Names of the axes, where the file doesn't say which is which."""

    time: Text | None = None
    """Name of the time axis; default null, found from the file."""
    y: Text | None = None
    """Name of the axis of rows (latitude, northing); default null, found from the file."""
    x: Text | None = None
    """Name of the axis of columns (longitude, easting); default null, found from the file."""


def _as_tuple_of_sources(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple):
        raise Mistake(
            f"expected a path, a pattern such as data/*.nc, or a list of them, found {found(value)}"
        ).as_error()
    return tuple(value)


def _absolute_source(value: object, around: Surroundings) -> object:
    return absolute(value, around) if isinstance(value, str) and value else value


Sources = Annotated[
    tuple[Annotated[Text, BeforeValidator(_absolute_source), expect("a path or a pattern such as data/*.nc")], ...],
    Field(min_length=1),
    BeforeValidator(_as_tuple_of_sources),
]


class DataSpec(Section):
    """The series, its variables, and its cutting into windows and parts."""

    source: Sources
    """Path or pattern of the files, or a list of them, relative to the spec's file. Required."""
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
    patch: PatchSpec | None = None
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
    area_weights: Annotated[Literal["none", "cosine"], OneOf()] = "none"
    """cosine: losses and scores weight a cell by the cosine of its latitude. Default none: all cells alike."""
    batch_size: Count = 8
    """Windows in a batch; default 8."""
    workers: WholeNumber = 0
    """Processes that load windows; default 0, the training process itself."""

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
