"""Variables that are computed from others, and cells that are taken as missing: on whatever slice is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from stq.data._arithmetic import condition, number
from stq.data._units import Conversion, conversion
from stq.errors import DataError, did_you_mean
from stq.expressions import names_in, parse_condition, parse_number

Compute = Callable[[Mapping[str, np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Derived:
    """A variable computed cell by cell and step by step from others, by an expression of `stq.expressions`."""

    name: str
    expression: str
    units: str = ""


@dataclass(frozen=True)
class Mask:
    """Where values stand; elsewhere, and where the condition is open since a value is missing, they are missing.

    `variables` are those it is put on; None: all that have its axes.
    """

    where: str
    variables: tuple[str, ...] | None = None


class UnknownVariable(DataError):
    """An expression names a variable that is not there. `key` leads to the expression in the spec."""

    def __init__(self, origin: str, message: str, key: tuple[str | int, ...], offset: int, length: int) -> None:
        super().__init__(f"{origin}: {'.'.join(map(str, key))}: {message}", key)
        self.origin, self.message, self.offset, self.length = origin, message, offset, length
        self.hint = ""


def derive(dataset: xr.Dataset, derived: tuple[Derived, ...], mask: Mask | None, origin: str) -> xr.Dataset:
    """The dataset, or any slice of it, with the derived variables in it and the mask on it.

    Nothing is computed before it is read, and then only for what is read. Derived variables may build on each other,
    in any order; they are computed from values without the mask.

    Raises:
        UnknownVariable: a name that the file does not have.
        DataError: a name that the file has already, or variables on axes that don't fit.
    """
    for item in derived:
        if item.name in dataset.variables:
            raise DataError(f"{origin}: data.derived names '{item.name}', which the file has already")
    waiting = {item.name: item for item in derived}
    while waiting:
        ready = [item for item in waiting.values() if not waiting.keys() & {n.name for n in names_in(item.expression)}]
        for item in ready or waiting.values():
            key = ("data", "derived", item.name, "expr")
            operands = _operands(dataset, item.expression, key, origin)
            tree = parse_number(item.expression)
            computed = _variable(operands, partial(number, tree), f"{origin}: '{item.name}'")
            computed.attrs["units"] = item.units
            dataset = dataset.assign({item.name: computed})
            del waiting[item.name]
            break
    return dataset if mask is None else _masked(dataset, mask, origin)


def in_units(dataset: xr.Dataset, units: Mapping[str, str], origin: str) -> xr.Dataset:
    """The dataset with some of its variables converted, as they are read.

    Raises:
        DataError: there is no exact way from the units of a variable to those wanted.
    """
    replaced = {}
    for name, unit in units.items():
        variable = dataset[name].variable
        found = conversion(str(variable.attrs.get("units", "")), unit)
        if found is None:
            stated = variable.attrs.get("units", "no unit")
            raise DataError(f"{origin}: variable '{name}' is in {stated}, and there is no exact way to {unit}")

        def convert(values: Mapping[str, np.ndarray], name: str = name, found: Conversion = found) -> np.ndarray:
            return found.of(values[name])

        replaced[name] = _variable({name: variable}, convert, f"{origin}: '{name}'")
        replaced[name].attrs.update(variable.attrs, units=unit)
    return dataset.assign(replaced)


def _masked(dataset: xr.Dataset, mask: Mask, origin: str) -> xr.Dataset:
    operands = _operands(dataset, mask.where, ("data", "mask", "where"), origin)
    tree = parse_condition(mask.where)
    axes = {axis for operand in operands.values() for axis in operand.dims}
    fitting = [str(name) for name, variable in dataset.data_vars.items() if axes <= set(variable.dims)]
    for index, name in enumerate(mask.variables or ()):
        if name not in dataset.data_vars:
            raise _unknown(dataset, name, ("data", "mask", "variables", index), 0, origin)
        if name not in fitting:
            raise DataError(f"{origin}: variable '{name}' lacks an axis of data.mask ({', '.join(map(str, axes))})")
    own = "the variable itself"  # no name that an expression can have

    def put(values: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.where(condition(tree, values) == 1, values[own], np.nan)

    replaced = {}
    for name in fitting if mask.variables is None else mask.variables:
        variable = dataset[name].variable
        if np.issubdtype(variable.dtype, np.number) or variable.dtype == bool:
            replaced[name] = _variable({own: variable, **operands}, put, f"{origin}: '{name}'")
            replaced[name].attrs.update(variable.attrs)
    return dataset.assign(replaced)


def _operands(dataset: xr.Dataset, expression: str, key: tuple[str | int, ...], origin: str) -> dict[str, xr.Variable]:
    found = {}
    for item in names_in(expression):
        if item.name not in dataset.variables:
            raise _unknown(dataset, item.name, key, item.offset, origin)
        variable = dataset[item.name].variable
        if not (np.issubdtype(variable.dtype, np.number) or variable.dtype == bool):
            raise DataError(
                f"{origin}: variable '{item.name}' holds {variable.dtype}, not numbers ({'.'.join(map(str, key))})"
            )
        found[item.name] = variable
    return found


def _unknown(dataset: xr.Dataset, name: str, key: tuple[str | int, ...], offset: int, origin: str) -> UnknownVariable:
    there = [str(variable) for variable in dataset.data_vars]
    near = did_you_mean(name, there)
    message = f"no variable '{name}'{'; ' + near if near else ''} (it has {', '.join(there[:30])})"
    return UnknownVariable(origin, message, key, offset, len(name))


def _variable(operands: Mapping[str, xr.Variable], compute: Compute, where: str) -> xr.Variable:
    """A variable on the axes of its operands, in the order of the one that has most of them."""
    widest = max(operands.values(), key=lambda operand: operand.ndim)
    sizes = dict(widest.sizes)
    for name, operand in operands.items():
        other = {axis: size for axis, size in operand.sizes.items() if sizes.get(axis) != size}
        if other:
            raise DataError(f"{where} is computed from variables on different axes: {name} has {other}, not in {sizes}")
    array = _Computed(tuple(map(str, widest.dims)), tuple(widest.shape), dict(operands), compute)
    return xr.Variable(widest.dims, indexing.LazilyIndexedArray(array))


@dataclass(eq=False)
class _Computed(BackendArray):
    """An array that reads its operands where it is indexed, and computes from those."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    operands: dict[str, xr.Variable]
    compute: Compute
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.float64))

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        indexers = dict(zip(self.dims, key, strict=True))
        kept = [axis for axis, index in indexers.items() if not isinstance(index, int | np.integer)]
        values = {}
        for name, operand in self.operands.items():
            piece = operand.isel({axis: indexers[str(axis)] for axis in operand.dims})
            ordered = piece.transpose(*(axis for axis in kept if axis in piece.dims))
            spread = tuple(slice(None) if axis in ordered.dims else None for axis in kept)
            values[name] = np.asarray(ordered.values, dtype=np.float64)[*spread, None]
        whole = np.broadcast_shapes(*(value.shape for value in values.values()))
        return np.broadcast_to(self.compute(values), whole)[..., 0]
