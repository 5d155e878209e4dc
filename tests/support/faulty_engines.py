"""Engines with one fault each, and one that is right in its own way: what the audit must tell apart."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from stq.routing import Engine, Groups, Plan, joint, plan_routes, pruned, save_restore

Losses = Mapping[str, Tensor]
Act = Callable[[Plan, Losses, Tensor], None]


def on(change: Callable[[Plan, Losses], tuple[Plan, Losses]]) -> Engine:
    """`pruned` on another plan, or other losses."""

    def engine(plan: Plan, losses: Losses, scale: Tensor, *, retain_graph: bool = False) -> None:
        pruned(*change(plan, losses), scale, retain_graph=retain_graph)

    return engine


def by(before: Act | None = None, after: Act | None = None) -> Engine:
    """`pruned`, and something before or after it."""

    def engine(plan: Plan, losses: Losses, scale: Tensor, *, retain_graph: bool = False) -> None:
        if before is not None:
            before(plan, losses, scale)
        pruned(plan, losses, scale, retain_graph=True)
        if after is not None:
            after(plan, losses, scale)

    return engine


def classes(change: Callable[[int, Mapping[str, float]], Mapping[str, float]]) -> Engine:
    """`pruned` with other factors in its classes."""

    def changed(plan: Plan, losses: Losses) -> tuple[Plan, Losses]:
        found = tuple(replace(c, factors=change(i, c.factors)) for i, c in enumerate(plan.classes))
        return replace(plan, classes=found), losses

    return on(changed)


def in_company(plan: Plan, losses: Losses) -> bool:
    """Whether all losses are there, as in training, and not one by itself."""
    return len(losses) == len(plan.routes)


def passes(plan: Plan, losses: Losses) -> Iterator[tuple[list[Tensor], list[float], list[nn.Parameter]]]:
    """The passes of a correct engine."""
    for route in plan.classes:
        names = [name for name in route.factors if name in losses]
        if names:
            yield [losses[name] for name in names], [route.factors[name] for name in names], route.tensors()


def seeds(losses: list[Tensor], factors: list[float], scale: Tensor) -> list[Tensor]:
    """What a backward pass starts from."""
    return [(scale * factor).to(loss.dtype) for loss, factor in zip(losses, factors, strict=True)]


def without_inputs(plan: Plan, losses: Losses, scale: Tensor, *, retain_graph: bool = False) -> None:
    """Runs the class passes and forgets `inputs=`."""
    for found, factors, _ in passes(plan, losses):
        torch.autograd.backward(found, seeds(found, factors, scale), retain_graph=True)


def restoring_one_too_few(plan: Plan, losses: Losses, scale: Tensor, *, retain_graph: bool = False) -> None:
    """Saves and restores all parameters but the last of the backbone."""
    first = replace(plan.groups.members[0], parameters=plan.groups.members[0].parameters[:-1])
    careless = replace(plan, groups=Groups((first, *plan.groups.members[1:])))
    save_restore(careless, losses, scale, retain_graph=retain_graph)


def restoring_only_what_had_a_gradient(
    plan: Plan, losses: Losses, scale: Tensor, *, retain_graph: bool = False
) -> None:
    """The original project's own slip: what was None before the pass keeps what the pass spilled on it."""
    for found, factors, inside in passes(plan, losses):
        everything = [p for _, p in plan.groups.named_parameters()]
        saved = [(p, p.grad.clone()) for p in everything if p.grad is not None and all(p is not q for q in inside)]
        torch.autograd.backward(found, seeds(found, factors, scale), retain_graph=True)
        for parameter, gradient in saved:
            parameter.grad = gradient


def multiplying_by_zero(plan: Plan, losses: Losses, scale: Tensor, *, retain_graph: bool = False) -> None:
    """Seeds a blocked loss with 0 instead of leaving it out: 0 * NaN is NaN."""
    for route in plan.classes:
        found, factors = list(losses.values()), [route.factors.get(name, 0.0) for name in losses]
        torch.autograd.backward(found, seeds(found, factors, scale), inputs=route.tensors(), retain_graph=True)


def ignoring_the_scale(plan: Plan, losses: Losses, scale: Tensor, *, retain_graph: bool = False) -> None:
    """Forgets what accumulation and mixed precision did to the total."""
    pruned(plan, losses, torch.ones_like(scale), retain_graph=retain_graph)


def pass_by_pass(plan: Plan, losses: Losses, scale: Tensor, *, retain_graph: bool = False) -> None:
    """Correct, and added in another order: one pass for each loss of a class."""
    for found, factors, parameters in passes(plan, losses):
        for loss, seed in zip(found, seeds(found, factors, scale), strict=True):
            torch.autograd.backward([loss], [seed], inputs=parameters, retain_graph=True)


def unless_retained(plan: Plan, losses: Losses, scale: Tensor, *, retain_graph: bool = False) -> None:
    """Behaves while the graph is kept, as an audit keeps it, and leaks where training frees it."""
    (pruned if retain_graph else joint)(plan, losses, scale, retain_graph=retain_graph)


class AfterCalls:
    """Behaves for so many calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self, plan: Plan, losses: Losses, scale: Tensor, *, retain_graph: bool = False) -> None:
        self.left -= 1
        (pruned if self.left >= 0 else joint)(plan, losses, scale, retain_graph=retain_graph)


def fill(plan: Plan, value: float, *, frozen: bool = False) -> None:
    """Write a number where there is no gradient."""
    for _, parameter in plan.groups.named_parameters(frozen=frozen):
        if parameter.grad is None:
            parameter.grad = torch.full_like(parameter, value)


def spill(plan: Plan, losses: Losses, scale: Tensor, factor: float) -> None:
    """Give the backbone a share of pinball."""
    backbone = plan.groups.members[0].tensors()
    torch.autograd.backward([losses["pinball"]], [scale * factor], inputs=backbone, retain_graph=True)


def edit(plan: Plan, factor: float) -> None:
    """Multiply whatever stands in `.grad`, as a careless accumulation would."""
    for _, parameter in plan.groups.named_parameters(frozen=True):
        if parameter.grad is not None:
            parameter.grad.mul_(factor)


def empty(plan: Plan) -> None:
    """Throw away what was accumulated before."""
    for _, parameter in plan.groups.named_parameters():
        parameter.grad = None


def step(plan: Plan) -> None:
    """An update past the optimiser."""
    with torch.no_grad():
        for _, parameter in plan.groups.named_parameters():
            parameter.add_(parameter.grad if parameter.grad is not None else 0, alpha=-1e-3)


def poison(plan: Plan) -> None:
    """One NaN, in one parameter."""
    plan.groups.members[1].tensors()[-1].grad.fill_(float("nan"))


def swapped(index: int, factors: Mapping[str, float]) -> Mapping[str, float]:
    """The losses of a class with each other's factors."""
    return dict(zip(factors, reversed(factors.values()), strict=True))


def without_edges(plan: Plan, losses: Losses) -> tuple[Plan, Losses]:
    """One loss is forgotten, unless it is there by itself."""
    return plan, {name: loss for name, loss in losses.items() if name != "edges" or len(losses) == 1}


def rounded_up(plan: Plan, losses: Losses) -> tuple[Plan, Losses]:
    """Soft factors taken for full ones."""
    full = {
        name: replace(r, updates={g: float(a > 0) for g, a in r.updates.items()}) for name, r in plan.routes.items()
    }
    return plan_routes(plan.groups, full), losses


def shortened(plan: Plan, losses: Losses) -> tuple[Plan, Losses]:
    """The last parameter of every class is forgotten."""
    return replace(plan, classes=tuple(replace(c, parameters=c.parameters[:-1]) for c in plan.classes)), losses


def halved_alone(plan: Plan, losses: Losses) -> tuple[Plan, Losses]:
    """Right for all losses together, half where one is by itself."""
    return plan, losses if in_company(plan, losses) else {name: loss / 2 for name, loss in losses.items()}


def lengthen(plan: Plan, losses: Losses, scale: Tensor) -> None:
    """The backbone's gradient becomes 3 % too long."""
    for _, parameter in plan.groups.members[0].parameters:
        if parameter.grad is not None:
            parameter.grad = 1.03 * parameter.grad


too_long = by(after=lengthen)

ENGINES_WITH_FAULTS: dict[str, tuple[Engine, str, str]] = {
    "joint": (joint, "leak", "pinball moves backbone"),
    "no inputs": (without_inputs, "leak", "pinball moves backbone"),
    "restores one too few": (restoring_one_too_few, "leak", "pinball moves backbone"),
    "restores only what had a gradient": (restoring_only_what_had_a_gradient, "leak", "pinball moves backbone"),
    "skips a class": (on(lambda p, ls: (replace(p, classes=p.classes[:-1]), ls)), "dead", "pinball may move quantiles"),
    "forgets a parameter": (on(shortened), "starved", "central.bias"),
    "zeros for None": (by(after=lambda p, ls, s: fill(p, 0.0)), "leak", "pinball writes zeros on central"),
    "times zero": (multiplying_by_zero, "leak", "pinball writes zeros on backbone"),
    "ignores the scale": (ignoring_the_scale, "mismatch", "half the scale"),
    "throws away": (by(before=lambda p, ls, s: empty(p)), "mismatch", "changes what was accumulated"),
    "edits what was accumulated": (by(before=lambda p, ls, s: edit(p, 0.9)), "mismatch", "changes what was accum"),
    "ignores weights": (classes(lambda i, f: dict.fromkeys(f, 1.0)), "mismatch", "differ from the sum"),
    "swaps two factors": (classes(swapped), "mismatch", "differ from the sum"),
    "squares a factor": (classes(lambda i, f: {k: v * v for k, v in f.items()}), "mismatch", "differ from the sum"),
    "scales one class": (classes(lambda i, f: {k: v * (1.001 if i else 1) for k, v in f.items()}), "mismatch", "sum"),
    "climbs": (classes(lambda i, f: {k: -v for k, v in f.items()}), "mismatch", "differ from the sum"),
    "drops a loss": (on(without_edges), "mismatch", "differ from the sum of what is permitted"),
    "leaks in company": (
        by(after=lambda p, ls, s: spill(p, ls, s, 1e-4) if in_company(p, ls) else None),
        "leak",
        "pinball changes what the other losses give to backbone",
    ),
    "leaks hardly in company": (
        by(after=lambda p, ls, s: spill(p, ls, s, 1e-7) if in_company(p, ls) else None),
        "leak",
        "pinball changes what the other losses give to backbone",
    ),
    "poisons in company": (
        by(after=lambda p, ls, s: poison(p) if in_company(p, ls) else None),
        "mismatch",
        "differ from those of save-restore",
    ),
    "wrong alone": (on(halved_alone), "mismatch", "seeded with mse alone"),
    "right on its first call": (AfterCalls(1), "leak", "pinball moves backbone"),
    "right on ten calls": (AfterCalls(10), "leak", "pinball"),
    "right while the graph is kept": (unless_retained, "mismatch", "backbone are not those of the engine"),
    "takes a step of its own": (by(after=lambda p, ls, s: step(p)), "refused", "moves the weights of backbone.0"),
}
"""Each with the kind of fault and words of the text; `refused` where the audit can't go on."""

SOFT_FAULTS: dict[str, tuple[Engine, str, str]] = {
    "rounds a factor up": (on(rounded_up), "mismatch", "differ from the sum"),
    "squares a soft factor": (
        classes(lambda i, f: {k: v * v if k == "pinball" else v for k, v in f.items()}),
        "mismatch",
        "differ from the sum",
    ),
}
"""Faults that only a soft table shows."""

FROZEN_FAULTS: dict[str, tuple[Engine, str, str]] = {
    "moves what is frozen": (by(after=lambda p, ls, s: fill(p, 1.0, frozen=True)), "leak", "mse moves backbone"),
    "zeros on what is frozen, in company": (
        by(after=lambda p, ls, s: fill(p, 0.0, frozen=True) if in_company(p, ls) else None),
        "mismatch",
        "a gradient of zeros, which momentum and decay would act on on backbone.0.weight",
    ),
    "edits what stood on the frozen": (
        by(before=lambda p, ls, s: edit(p, 0.5)),
        "mismatch",
        "changes the gradient that stands on backbone.0.weight",
    ),
}
"""Faults that only a frozen backbone shows."""
