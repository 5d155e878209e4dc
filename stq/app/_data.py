"""From the data section of the spec to data."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from stq.data import (
    Blocks,
    DataRequest,
    Derived,
    ForecastData,
    ForecastInputs,
    Mask,
    Rare,
    Reader,
    RegularStep,
    RegularTime,
    StaticMap,
    Statistics,
    UnknownVariable,
    ZarrReader,
    build_data,
    open_inputs,
)
from stq.errors import DataError
from stq.registry import load_readers, refuse_clashing
from stq.spec import BlocksSpec, DataSpec, LoadedSpec, PluginFile, RareSpec


def request_of(spec: DataSpec, readers: Sequence[Reader] | None = None) -> DataRequest:
    """The same wishes in plain arguments; without `readers`, those of installed plugins as well as stq's own."""
    dims = {} if spec.dims is None else {key: name for key, name in spec.dims if name is not None}
    time = spec.time
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
        time=RegularTime(time.first, time.step, time.calendar) if time and time.step else None,
        index=str(time.index) if time and time.index else None,
        derived=tuple(Derived(name, item.expr, item.units) for name, item in spec.derived.items()),
        mask=None if spec.mask is None else Mask(spec.mask.where, spec.mask.variables),
        readers=readers_for(spec) if readers is None else tuple(readers),
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


def readers_for(spec: DataSpec, plugins: Sequence[PluginFile] = ()) -> tuple[Reader, ...]:
    """A reader of every kind: stq's own, those of installed plugins, and those of local plugin files."""
    registry = load_readers(plugins)
    refuse_clashing(registry, (*spec.source, *(str(entry.file) for entry in spec.static if entry.file is not None)))
    kinds = (entry.cls for entry in registry.entries.values())
    fill = spec.absent_chunks == "fill"
    return tuple(ZarrReader(fill_absent=fill) if kind is ZarrReader else kind() for kind in kinds)


def open_data(
    spec: DataSpec, statistics: Statistics | None = None, *, loaded: LoadedSpec | None = None
) -> ForecastData:
    """Read, split and normalise; with the `statistics` of a finished run nothing is fitted.

    `loaded` is the spec that `spec` is of: its local plugin files may bring readers, and what is wrong with an
    expression is shown in its text.
    """
    plugins = () if loaded is None else loaded.plugin_files
    with shown_in(loaded):
        return build_data(request_of(spec, readers_for(spec, plugins)), statistics)


def open_run_inputs(
    loaded: LoadedSpec,
    statistics: Statistics,
    source: Sequence[str],
    *,
    init: Sequence[str],
    units: Mapping[str, str],
) -> ForecastInputs:
    """What a finished run forecasts from: its own source, or another that is read as its spec says."""
    spec = loaded.spec.data
    if source:
        spec = spec.model_copy(update={"source": tuple(source)})
    with shown_in(loaded, source_is_its_own=not source):
        readers = readers_for(spec, loaded.plugin_files)
        return open_inputs(request_of(spec, readers), statistics, init=init, units=units)


def open_other_data(loaded: LoadedSpec, statistics: Statistics, source: Sequence[str]) -> ForecastData:
    """Other files of the run's kind, with every window of theirs, of whole fields, in one split: `train`."""
    spec = loaded.spec.data.model_copy(update={"source": tuple(source)})
    readers = readers_for(spec, loaded.plugin_files)
    request = replace(request_of(spec, readers), split={"train": 1.0}, patch=None, rare=None, blocks=None, gap=0)
    with shown_in(loaded, source_is_its_own=False):
        return build_data(request, statistics)


@contextmanager
def shown_in(loaded: LoadedSpec | None, *, source_is_its_own: bool = True) -> Iterator[None]:
    """Show what the data does not have, or does not suffice for, where the spec asks for it.

    A source that isn't the spec's own, but an argument of a command, is not looked for in its text.
    """
    try:
        yield
    except UnknownVariable as error:
        if loaded is None:
            raise
        problem = loaded.problem(error.key, error.message, part=(error.offset, error.length))
        raise DataError(f"{error.origin}: {problem.message} ({problem.where})\n{problem.excerpt}") from error
    except DataError as error:
        if loaded is None or not error.key or (error.key == ("data", "source") and not source_is_its_own):
            raise
        problem = loaded.problem(error.key, str(error), on="key")
        raise DataError(f"{problem.message} ({problem.where})\n{problem.excerpt}") from error
