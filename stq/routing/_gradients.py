"""Gradients by parameter name, and the arithmetic that the audit does on them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from stq.routing._engines import Engine
from stq.routing._plan import Plan

Gradients = Mapping[str, Tensor | None]


@contextmanager
def gradients_set_aside(plan: Plan) -> Iterator[None]:
    """Empty gradients inside, the former ones afterwards."""
    saved = [(parameter, parameter.grad) for _, parameter in plan.groups.named_parameters()]
    try:
        yield
    finally:
        for parameter, gradient in saved:
            parameter.grad = gradient


def raw_gradients(plan: Plan, name: str, loss: Tensor) -> Gradients:
    """The gradient of weight * loss on every parameter, by autograd alone; None where there is no dependence."""
    named = plan.groups.named_parameters()
    weight = plan.routes[name].weight
    if not loss.requires_grad or weight == 0:
        return {key: None for key, _ in named}
    found = torch.autograd.grad(loss, [p for _, p in named], retain_graph=True, allow_unused=True)
    return {key: None if g is None else weight * g for (key, _), g in zip(named, found, strict=True)}


def run(plan: Plan, engine: Engine, losses: Mapping[str, Tensor]) -> Gradients:
    """What the engine leaves in `.grad` when it is seeded with `losses` alone, at scale 1."""
    named = plan.groups.named_parameters()
    for _, parameter in named:
        parameter.grad = None
    if losses:
        engine(plan, losses, torch.ones_like(next(iter(losses.values()))), retain_graph=True)
    return {key: None if p.grad is None else p.grad.detach().clone() for key, p in named}


def permitted_sum(plan: Plan, raw: Mapping[str, Gradients]) -> Gradients:
    """sum over l of a[l, g] * (w[l] dl/dp), the definition that every engine is held to."""
    sums: dict[str, Tensor | None] = {}
    for group in plan.groups:
        for name, _ in () if group.frozen else group.parameters:
            parts = [
                plan.allowed(loss, group.name) * g
                for loss, gradients in raw.items()
                if plan.allowed(loss, group.name) > 0 and (g := gradients[name]) is not None
            ]
            sums[name] = torch.stack(parts).sum(0) if parts else None
    return sums


def norm(gradients: Gradients, names: list[str]) -> float:
    """2-norm over the named parameters, in float64; 0 where there is no gradient."""
    found = [g.double().square().sum() for name in names if (g := gradients.get(name)) is not None]
    return float(torch.stack(found).sum().sqrt()) if found else 0.0


def differences(a: Gradients, b: Gradients) -> dict[str, Tensor]:
    """Parameter by parameter, a - b, where either has something. NaN against NaN is no difference."""
    result = {}
    for name in a:
        x, y = a[name], b[name]
        if x is None and y is None:
            continue
        x = torch.zeros_like(y) if x is None and y is not None else x
        y = torch.zeros_like(x) if y is None and x is not None else y
        assert x is not None  # for the type checker: at least one of the two was there
        assert y is not None
        result[name] = torch.where(x.isnan() & y.isnan(), torch.zeros_like(x), x - y)
    return result


def largest_difference(a: Gradients, b: Gradients) -> float:
    """Largest absolute difference; a gradient against None counts as it stands."""
    return max((float(d.abs().max()) for d in differences(a, b).values()), default=0.0)


def relative_difference(plan: Plan, found: Gradients, raw: Mapping[str, Gradients]) -> float:
    """The largest, over groups, of ||found - sum a w raw|| / sum a w ||raw||.

    The sum of the norms, not the norm of the sum: losses that cancel each other leave rounding of their own size.
    """
    gap = differences(found, permitted_sum(plan, raw))
    worst = 0.0
    for group in plan.groups:
        names = [name for name, _ in group.parameters]
        distance = norm(gap, names)
        size = sum(plan.allowed(loss, group.name) * norm(gradients, names) for loss, gradients in raw.items())
        worst = max(worst, distance / size if size > 0 else distance)
    return worst


def pattern_differences(found: Gradients, expected: Gradients) -> list[str]:
    """The parameters that have a gradient in one of the two and None in the other."""
    return [name for name in found if (found[name] is None) != (expected[name] is None)]


def precision(plan: Plan) -> float:
    """Rounding of the coarsest parameter, in units of float32's; 1 for float64 too."""
    eps = max((torch.finfo(p.dtype).eps for _, p in plan.groups.named_parameters()), default=0.0)
    return max(1.0, eps / torch.finfo(torch.float32).eps)
