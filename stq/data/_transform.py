"""Functions that make a skewed variable even before it is normalised, each with its exact inverse."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from stq.errors import DataError

TransformName = Literal["none", "log1p", "log", "sqrt", "cbrt", "asinh"]


@dataclass(frozen=True)
class _Transform:
    """All are strictly increasing where they are defined, so that quantiles stay quantiles."""

    domain: str
    forward: Callable[[np.ndarray], np.ndarray]
    inverse: Callable[[Tensor], Tensor]


_TRANSFORMS = {
    "log1p": _Transform("above -1", np.log1p, torch.expm1),
    "log": _Transform("above 0", np.log, torch.exp),
    # A forecast may leave the range of the square root; below it the inverse stays at 0, and so does not fall.
    "sqrt": _Transform("of at least 0", np.sqrt, lambda z: z.clamp(min=0).square()),
    "cbrt": _Transform("of any size", np.cbrt, lambda z: z**3),
    "asinh": _Transform("of any size", np.arcsinh, torch.sinh),
}
assert {"none", *_TRANSFORMS} == set(get_args(TransformName))


def transform(
    values: Float32[np.ndarray, "n v y x"], names: Sequence[str], variables: Sequence[str]
) -> Float32[np.ndarray, "n v y x"]:
    """Each of the v variables through the function of that name; missing values stay missing.

    Raises:
        DataError: a value at which the function is not defined.
    """
    if all(name == "none" for name in names):
        return values
    found = values.copy()
    for index, name in enumerate(names):
        if name == "none":
            continue
        field = values[:, index]
        with np.errstate(invalid="ignore", divide="ignore"):
            found[:, index] = _TRANSFORMS[name].forward(field)
        outside = np.isfinite(field) & ~np.isfinite(found[:, index])
        if outside.any():
            raise DataError(
                f"data.transform: {name} needs values {_TRANSFORMS[name].domain}, "
                f"and '{variables[index]}' has {field[outside].flat[0]:g}"
            )
    return found


def back_to_units(z: Float[Tensor, "*B C Y X"], names: Sequence[str]) -> Float[Tensor, "*B C Y X"]:
    """Each of the C variables through the inverse of the function of that name."""
    if all(name == "none" for name in names):
        return z
    fields = [
        field if name == "none" else _TRANSFORMS[name].inverse(field)
        for field, name in zip(z.unbind(-3), names, strict=True)
    ]
    return torch.stack(fields, dim=-3)
