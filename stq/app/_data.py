"""From the data section of the spec to data."""

from stq.data import Blocks, DataRequest, ForecastData, Rare, RegularStep, StaticMap, Statistics, build_data
from stq.spec import BlocksSpec, DataSpec, RareSpec


def request_of(spec: DataSpec) -> DataRequest:
    """The same wishes in plain arguments."""
    dims = {} if spec.dims is None else {key: name for key, name in spec.dims if name is not None}
    return DataRequest(
        source=spec.source,
        targets=spec.targets,
        inputs=spec.inputs,
        static=tuple(
            StaticMap(entry.variable, None if entry.file is None else str(entry.file)) for entry in spec.static
        ),
        history=spec.history,
        horizons=spec.horizons,
        split=spec.split.parts(),
        normalise=spec.normalise,
        relative_to=spec.relative_to,
        coarsen=None if spec.coarsen is None else (spec.coarsen.y, spec.coarsen.x),
        calendar=spec.calendar,
        patch=None if spec.patch is None else (spec.patch.size, spec.patch.overlap),
        area_weights=spec.area_weights,
        dims=dims,
        memory=spec.memory_bytes(),
        gap=spec.split.gap,
        strict=spec.split.strict,
        blocks=_blocks(spec.split.blocks),
        min_valid=0.0 if spec.patch is None else spec.patch.min_valid,
        rare=None if spec.patch is None else _rare(spec.patch.rare),
        missing=spec.missing,
        step=None if spec.step is None else RegularStep(spec.step.every, spec.step.tolerance),
        irregular=spec.irregular,
        transform=spec.transform,
        future=spec.future,
    )


def _blocks(spec: BlocksSpec | None) -> Blocks | None:
    return None if spec is None else Blocks(spec.size, spec.buffer, spec.held_out)


def _rare(spec: RareSpec | None) -> Rare | None:
    return None if spec is None else Rare(spec.variable, spec.above, spec.times)


def open_data(spec: DataSpec, statistics: Statistics | None = None) -> ForecastData:
    """Read, split and normalise; with the `statistics` of a finished run nothing is fitted."""
    return build_data(request_of(spec), statistics)
