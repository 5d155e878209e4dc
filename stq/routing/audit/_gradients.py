"""Gradients by parameter name, and the arithmetic that the audit does on them."""

from collections.abc import Mapping, Sequence
from math import inf, isnan

import torch
from torch import Tensor, nn

from stq.routing._plan import Plan

Gradients = Mapping[str, Tensor | None]
Named = Sequence[tuple[str, nn.Parameter]]


def plain(gradient: Tensor | None, scale: float = 1.0) -> Tensor | None:
    """A copy divided by `scale`: dense, and in float32 where it was in half precision."""
    if gradient is None:
        return None
    dense = gradient.detach() if gradient.layout == torch.strided else gradient.detach().to_dense()
    if dense.dtype in (torch.float16, torch.bfloat16):
        dense = dense.float()
    return dense / scale


def added(a: Gradients, b: Gradients) -> Gradients:
    """a + b, parameter of a by parameter; None counts as nothing."""
    return {name: sum_of(a[name], b[name]) for name in a}


def sum_of(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    """a + b, where None counts as nothing."""
    if a is None or b is None:
        return b if a is None else a
    return a + b


def times(factor: float, gradients: Gradients) -> Gradients:
    """Each gradient multiplied by `factor`."""
    return {name: None if g is None else factor * g for name, g in gradients.items()}


def real(gradient: Tensor) -> Tensor:
    """Its numbers in float64, two for each that is complex."""
    return (torch.view_as_real(gradient) if gradient.is_complex() else gradient).double()


def norm(gradients: Gradients, names: Sequence[str]) -> float:
    """2-norm over the named parameters, in float64; 0 where there is no gradient.

    The largest number is divided out first: squares of 1e-200 are zero, and a false zero is a false verdict.
    """
    found = [real(g) for name in names if (g := gradients.get(name)) is not None and g.numel() > 0]
    if not found:
        return 0.0
    peak = torch.stack([g.abs().max() for g in found]).max()
    if not (torch.isfinite(peak) and peak > 0):
        return float(peak)
    return float(peak * torch.stack([(g / peak).square().sum() for g in found]).sum().sqrt())


def inner(a: Gradients, b: Gradients, names: Sequence[str], sizes: tuple[float, float] = (1.0, 1.0)) -> float:
    """Inner product over the named parameters, in float64, of a and b divided by `sizes`: their norms for a cosine."""
    return sum(
        float(((real(x) / sizes[0]) * (real(y) / sizes[1])).sum())
        for name in names
        if (x := a.get(name)) is not None and (y := b.get(name)) is not None
    )


def differences(a: Gradients, b: Gradients) -> dict[str, Tensor]:
    """Parameter of a by parameter, a - b, where either has something. NaN against NaN is no difference."""
    result = {}
    for name in a:
        x, y = a[name], b[name]
        if x is None and y is None:
            continue
        x = torch.zeros_like(y) if x is None and y is not None else x
        y = torch.zeros_like(x) if y is None and x is not None else y
        assert x is not None  # for the type checker: at least one of the two was there
        assert y is not None
        same = (x == y) | (x.isnan() & y.isnan())  # infinities too
        result[name] = torch.where(same, torch.zeros_like(x), x - y)
    return result


def largest_difference(a: Gradients, b: Gradients) -> float:
    """Largest absolute difference; a gradient against None counts as it stands, NaN against a number as infinite."""
    found = [finite_or_inf(float(d.abs().max())) for d in differences(a, b).values() if d.numel() > 0]
    return max(found, default=0.0)


def relative_differences(
    plan: Plan, found: Gradients, expected: Gradients, raw: Mapping[str, Gradients]
) -> dict[str, float]:
    """For each group, ||found - expected|| / sum a ||raw||, where the raw gradients hold the weights.

    The sum of the norms, not the norm of the sum: losses that cancel each other leave rounding of their own size.
    Infinite where nothing is permitted and there is a difference.
    """
    gap = differences(found, expected)
    result = {}
    for group in plan.groups:
        names = [name for name, _ in group.parameters]
        distance = finite_or_inf(norm(gap, names))
        size = sum(plan.allowed(loss, group.name) * norm(gradients, names) for loss, gradients in raw.items())
        result[group.name] = distance / size if size > 0 else (inf if distance > 0 else 0.0)
    return result


def relative_difference(plan: Plan, found: Gradients, expected: Gradients, raw: Mapping[str, Gradients]) -> float:
    """The largest of them."""
    return max(relative_differences(plan, found, expected, raw).values(), default=0.0)


def finite_or_inf(number: float) -> float:
    """`max` takes NaN for small, here it is as large as can be."""
    return inf if isnan(number) else number


def pattern_differences(found: Gradients, expected: Gradients) -> list[str]:
    """The parameters that have a gradient in one of the two and None in the other."""
    return [name for name in found if (found[name] is None) != (expected[name] is None)]
