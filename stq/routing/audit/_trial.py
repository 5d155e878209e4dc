"""One retained graph, on which autograd and engines are run again and again, all at one scale."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import reduce
from math import inf, log2

import torch
from torch import Tensor, nn

from stq.routing._engines import Engine
from stq.routing._plan import Plan
from stq.routing._step import Step
from stq.routing.audit._gradients import Gradients, Named, norm, plain
from stq.routing.audit._hooks import hooks_muted


@dataclass(frozen=True)
class Trial:
    """What a step's graph gives, always divided by `scale`, the power of two that it is measured at.

    `outsiders` are parameters of no group that the graph leads to. The gradients cover them and the frozen groups.
    """

    plan: Plan
    step: Step
    outsiders: Named
    scale: float = 1.0

    @property
    def named(self) -> Named:
        """Every parameter that is watched."""
        return [*self.plan.groups.named_parameters(frozen=True), *self.outsiders]

    @property
    def alive(self) -> dict[str, Tensor]:
        """The losses that have a graph."""
        return {name: loss for name, loss in self.step.losses.items() if loss.requires_grad}

    def raw(self, name: str) -> Gradients:
        """The gradient of weight * loss on every parameter, by autograd alone; None where there is no dependence."""
        weight = self.plan.routes[name].weight
        return self.autograd({name: weight} if weight > 0 else {}, self.named)

    def permitted(self, losses: Sequence[str], half: bool = False) -> Gradients:
        """The gradient of sum over l of a[l, g] w[l] l on each group: the definition that every engine is held to.

        By autograd alone, from the table and not from its classes; in one pass a column, because the sum of separate
        passes has a rounding of its own: 2e-5 of it in float32, 5e-3 under autocast to bfloat16 (measured). `half`
        measures at half the scale; where a hook of the model clips, that is not half of it.
        """
        columns: dict[tuple[tuple[str, float], ...], list[tuple[str, nn.Parameter]]] = {}
        for group in self.plan.groups:
            factors = tuple(
                (name, self.plan.routes[name].weight * allowed)
                for name in losses
                if (allowed := self.plan.allowed(name, group.name)) > 0
            )
            columns.setdefault(factors, []).extend(group.parameters)
        found: dict[str, Tensor | None] = {name: None for name, _ in self.named}
        for column, named in columns.items():
            found |= self.autograd({name: factor * (0.5 if half else 1.0) for name, factor in column}, named)
        return found

    def autograd(self, factors: Mapping[str, float], named: Named) -> dict[str, Tensor | None]:
        """The gradient of the sum of factor * loss; `.grad` and its hooks are not touched."""
        gradients: dict[str, Tensor | None] = {name: None for name, _ in named}
        roots = [
            (loss, torch.full_like(loss, self.scale * factor))
            for name, factor in factors.items()
            if (loss := self.step.losses[name]).requires_grad
        ]
        inputs = [(name, parameter) for name, parameter in named if parameter.requires_grad]
        if roots and inputs:
            outputs, seeds = zip(*roots, strict=True)
            found = torch.autograd.grad(outputs, [p for _, p in inputs], seeds, retain_graph=True, allow_unused=True)
            gradients |= {name: plain(g, self.scale) for (name, _), g in zip(inputs, found, strict=True)}
        return gradients

    def run(
        self, engine: Engine, losses: Mapping[str, Tensor], *, hooks: bool = False, afresh: bool = True
    ) -> Gradients:
        """What the engine leaves in `.grad` when it is seeded with `losses` alone: from empty gradients if `afresh`.

        With `hooks`, those that wait for a gradient to be accumulated fire, as in training.
        """
        for _, parameter in self.named if afresh else ():
            parameter.grad = None
        with nullcontext() if hooks else hooks_muted(self.named):
            self.call(engine, losses)
        return self.found()

    def run_twice(self, engine: Engine, losses: Mapping[str, Tensor]) -> Gradients:
        """What stands in `.grad` after a run, and one at half the scale onto it.

        What no loss may move begins with ones there, from before it was frozen; they are to stay.
        """
        moved = {id(parameter) for _, parameter in self.plan.groups.named_parameters()}
        for _, parameter in self.named:
            parameter.grad = None if id(parameter) in moved else torch.ones_like(parameter)
        with hooks_muted(self.named):
            self.call(engine, losses)
            self.call(engine, losses, 0.5)
        return self.found()

    def call(self, engine: Engine, losses: Mapping[str, Tensor], factor: float = 1.0) -> None:
        """Run the engine; the graph is kept."""
        if losses:
            engine(self.plan, losses, scalar(losses, factor * self.scale), retain_graph=True)

    def found(self) -> Gradients:
        """What stands in `.grad`, divided by the scale."""
        return {name: plain(parameter.grad, self.scale) for name, parameter in self.named}


def scalar(losses: Mapping[str, Tensor], value: float) -> Tensor:
    """The scale as a router hands it to its engine: in the precision of the total, and not in half."""
    like = next(iter(losses.values()))
    dtype = reduce(torch.promote_types, (loss.dtype for loss in losses.values()), torch.float32)
    return torch.full((), value, dtype=dtype, device=like.device)


def trial_of(plan: Plan, step: Step, outsiders: Named) -> tuple[Trial, dict[str, Gradients]]:
    """A trial at the scale that training has, or the nearest power of two, and the raw gradients of each loss there.

    Powers of two cost no digit. Without the scale, gradients that leave half precision are a false zero; where they
    overflow at it, which a gradient scaler takes for routine, the scale is lowered as the scaler would.
    """
    exact = step.factor
    scale = 2.0 ** round(log2(exact)) if 0 < exact < inf else 1.0
    while True:
        trial = Trial(plan, step, outsiders, scale)
        raw = {name: trial.raw(name) for name in step.losses}
        names = [name for name, _ in trial.named]
        overflow = any(
            bool(torch.isfinite(step.losses[loss])) and not norm(gradients, names) < inf
            for loss, gradients in raw.items()
        )
        if scale <= 1 or not overflow:
            return trial, raw
        scale = max(1.0, scale / 4)


@contextmanager
def gradients_set_aside(named: Named) -> Iterator[None]:
    """The former gradients afterwards; on frozen parameters too, which an engine could move."""
    saved = [(parameter, parameter.grad) for _, parameter in named]
    try:
        yield
    finally:
        for parameter, gradient in saved:
            parameter.grad = gradient
