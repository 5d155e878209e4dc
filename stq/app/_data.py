"""From the data section of the spec to data."""

from stq.data import DataRequest, ForecastData, StaticMap, Statistics, build_data
from stq.spec import DataSpec


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
    )


def open_data(spec: DataSpec, statistics: Statistics | None = None) -> ForecastData:
    """Read, split and normalise; with the `statistics` of a finished run nothing is fitted."""
    return build_data(request_of(spec), statistics)
