"""Gradients by parameter name, and the arithmetic that the audit does on them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf, isnan

import torch
from torch import Tensor, nn

from stq.routing._engines import Engine
from stq.routing._plan import Plan

Gradients = Mapping[str, Tensor | None]


@contextmanager
def gradients_set_aside(plan: Plan) -> Iterator[None]:
    """Empty gradients inside, the former ones afterwards; on frozen parameters too, which an engine could move."""
    saved = [(parameter, parameter.grad) for _, parameter in plan.groups.named_parameters(frozen=True)]
    try:
        yield
    finally:
        for parameter, gradient in saved:
            parameter.grad = gradient


def raw_gradients(plan: Plan, name: str, loss: Tensor) -> Gradients:
    """The gradient of weight * loss on every parameter, by autograd alone; None where there is no dependence."""
    weight = plan.routes[name].weight
    return autograd_of([(loss, weight)] if weight > 0 else [], plan.groups.named_parameters(frozen=True))


def permitted_gradients(plan: Plan, losses: Mapping[str, Tensor]) -> Gradients:
    """The gradient of sum over l of a[l, g] w[l] l on each group: the definition that every engine is held to.

    By autograd alone, from the table and not from its classes; in one pass a group, because the sum of separate passes
    has a rounding of its own: 2e-5 of it in float32, 5e-3 under autocast to bfloat16 (measured).
    """
    found: dict[str, Tensor | None] = {}
    for group in plan.groups:
        parts = [
            (loss, plan.routes[name].weight * allowed)
            for name, loss in losses.items()
            if (allowed := plan.allowed(name, group.name)) > 0
        ]
        found |= autograd_of(parts, group.parameters)
    return found


def autograd_of(
    parts: Sequence[tuple[Tensor, float]], named: Sequence[tuple[str, nn.Parameter]]
) -> dict[str, Tensor | None]:
    """The gradient of the sum of factor * loss over `parts`; `.grad` and its hooks are not touched."""
    gradients: dict[str, Tensor | None] = {name: None for name, _ in named}
    roots = [(loss, torch.full_like(loss, factor)) for loss, factor in parts if loss.requires_grad]
    inputs = [(name, parameter) for name, parameter in named if parameter.requires_grad]
    if roots and inputs:
        outputs, seeds = zip(*roots, strict=True)
        found = torch.autograd.grad(outputs, [p for _, p in inputs], seeds, retain_graph=True, allow_unused=True)
        gradients |= {name: g for (name, _), g in zip(inputs, found, strict=True)}
    return gradients


def run(
    plan: Plan, engine: Engine, losses: Mapping[str, Tensor], scale: float = 1.0, *, onto: bool = False
) -> Gradients:
    """What the engine leaves in `.grad` when it is seeded with `losses` alone: on nothing, or `onto` what is there."""
    named = plan.groups.named_parameters(frozen=True)
    for _, parameter in () if onto else named:
        parameter.grad = None
    if losses:
        engine(plan, losses, torch.full_like(next(iter(losses.values())), scale), retain_graph=True)
    return {key: None if p.grad is None else p.grad.detach().clone() for key, p in named}


def times(factor: float, gradients: Gradients) -> Gradients:
    """Each gradient multiplied by `factor`."""
    return {name: None if g is None else factor * g for name, g in gradients.items()}


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
    """Largest absolute difference; a gradient against None counts as it stands, NaN against a number as infinite."""
    return max((finite_or_inf(float(d.abs().max())) for d in differences(a, b).values()), default=0.0)


def relative_difference(plan: Plan, found: Gradients, expected: Gradients, raw: Mapping[str, Gradients]) -> float:
    """The largest, over groups, of ||found - expected|| / sum a w ||raw||.

    The sum of the norms, not the norm of the sum: losses that cancel each other leave rounding of their own size.
    """
    gap = differences(found, expected)
    worst = 0.0
    for group in plan.groups:
        names = [name for name, _ in group.parameters]
        distance = finite_or_inf(norm(gap, names))
        size = sum(plan.allowed(loss, group.name) * norm(gradients, names) for loss, gradients in raw.items())
        worst = max(worst, distance / size if size > 0 else distance)
    return worst


def finite_or_inf(number: float) -> float:
    """`max` takes NaN for small, here it is as large as can be."""
    return inf if isnan(number) else number


def pattern_differences(found: Gradients, expected: Gradients) -> list[str]:
    """The parameters that have a gradient in one of the two and None in the other."""
    return [name for name in found if (found[name] is None) != (expected[name] is None)]


def rounding(plan: Plan) -> float:
    """What adding in another order may do to a gradient: four roundings of the coarsest parameter."""
    return 4 * max((torch.finfo(p.dtype).eps for _, p in plan.groups.named_parameters()), default=0.0)
