"""Whether data is of the kind that a run knows: the same variables, units, grid and step."""

from collections.abc import Mapping
from dataclasses import replace

from stq.data._request import DataRequest
from stq.data._series import Series
from stq.data._site import Site
from stq.data._statistics import Statistics
from stq.data._units import Conversion, ConvertedFields, conversion, same_unit
from stq.errors import DataError, UsageError, nearest


def refuse_other_request(statistics: Statistics, request: DataRequest) -> None:
    """Raises DataError where the statistics were fitted for something else than what is asked for."""
    asked = {
        "targets": (statistics.targets, request.targets),
        "inputs": (statistics.moving, request.moving),
        "static maps": (statistics.static, tuple(item.variable for item in request.static)),
        "normalise": (statistics.normalise, request.normalise),
        "relative_to": (statistics.relative_to, request.relative_to),
        "transform": (statistics.transforms, tuple(request.transform.get(name, "none") for name in request.moving)),
    }
    for name, (fitted, wanted) in asked.items():
        if fitted != wanted:
            raise DataError(f"the normalisation statistics were fitted with {name} {fitted}, and the data has {wanted}")


def refuse_other_data(statistics: Statistics, series: Series, where: str) -> None:
    """Raises DataError, with the difference, where `series` has other units, grid or step than the run's data had."""
    fitted, found = statistics.climatology.shape[-2:], series.grid.size
    if fitted != found:
        raise DataError(
            f"{where}: stands on another grid than the run's data: its size is {found[0]} x {found[1]} "
            f"(rows x columns), not {fitted[0]} x {fitted[1]}"
        )
    site = statistics.site
    if site is None:
        return
    difference = site.grid.difference(series.grid)
    if difference is not None:
        raise DataError(f"{where}: stands on another grid than the run's data: {difference}")
    for name, known, unit in zip(series.names, site.units, series.units, strict=True):
        if not same_unit(known, unit):
            raise DataError(_other_units(name, unit, known, where))
    for name in site.operands.keys() & series.operands.keys():
        if not same_unit(site.operands[name], series.operands[name]):
            raise DataError(
                f"{where}: variable '{name}', from which others are computed, is in {_quoted(series.operands[name])}, "
                f"and was in {_quoted(site.operands[name])} in the run's data"
                + _remedy(name, series.operands[name], site.operands[name])
            )
    if site.step is not None and len(series.dates) > 1 and not site.step.holds(series.dates):
        labels = series.times.labels
        raise DataError(
            f"{where}: its dates ({labels[0]}, {labels[1]}, ...) do not follow each other by the step of the run's "
            f"data, {site.step}"
        )


def converted(series: Series, wanted: Mapping[str, str], site: Site, where: str) -> Series:
    """The series with variables in the units that are wanted for them, converted as they are read.

    Raises:
        UsageError: no such variable, or a unit that is not the run's.
        DataError: the units of the data are not known, or don't turn into those exactly.
    """
    if not wanted:
        return series
    units, steps = list(series.units), list[Conversion | None]([None] * len(series.names))
    for name, target in wanted.items():
        if name not in series.names:
            names = (*series.names, *series.operands)
            hint = nearest(name, names, f"there are {', '.join(names)}")
            raise UsageError(f"--convert names '{name}', which is no variable of the run; {hint}")
        at = series.names.index(name)
        steps[at] = _way(name, units[at], target, site.units[at], where)
        units[at] = target
    return replace(series, units=tuple(units), fields=ConvertedFields(series.fields, tuple(steps)))


def operands_to_convert(series: Series, wanted: Mapping[str, str], site: Site, where: str) -> dict[str, str]:
    """The variables of `wanted` from which others are computed and which are in another unit in the files.

    They are converted where the files are read, before anything is computed from them.

    Raises:
        UsageError: a unit that is not the run's.
        DataError: the units of the data are not known, or don't turn into those exactly.
    """
    found = {}
    for name, target in wanted.items():
        if name in series.operands and _way(
            name, series.operands[name], target, site.operands.get(name, target), where
        ):
            found[name] = target
    return found


def _way(name: str, unit: str, target: str, known: str, where: str) -> Conversion | None:
    """From `unit` to `target`, which has to be the one that the run has `known` it in; None where they are the same."""
    if not same_unit(target, known):
        raise UsageError(f"--convert {name}={target}: the run knows '{name}' in {_quoted(known)}")
    if same_unit(unit, target):
        return None
    found = conversion(unit, target)
    if found is None:
        raise DataError(
            f"{where}: '{name}' is in {_quoted(unit)}, and stq knows no exact way from there to {target}; "
            f"convert the file itself"
        )
    return found


def _other_units(name: str, found: str, known: str, where: str) -> str:
    text = f"{where}: variable '{name}' is in {_quoted(found)}, and in {_quoted(known)} in the run's data"
    return text + _remedy(name, found, known)


def _remedy(name: str, found: str, known: str) -> str:
    return f"; --convert {name}={known} converts it" if conversion(found, known) else ""


def _quoted(unit: str) -> str:
    return f"'{unit}'" if unit else "units that the file does not state"
