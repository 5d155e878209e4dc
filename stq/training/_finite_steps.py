"""What a training does about numbers that are not finite: it stops before the update, or leaves that update out."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

import torch
from torch import Tensor
from torch.optim import Optimizer

from stq.errors import NonFiniteError
from stq.routing import Router
from stq.tensors import Batch, Forecast
from stq.training._blame import cause_at_hand, cause_of_gradient, cause_of_loss
from stq.training._global_batch import said_by_all
from stq.training._nonfinite import (
    Label,
    broken_groups,
    gradient_refusal,
    issued,
    loss_refusal,
    validation_refusal,
    weights_refusal,
)
from stq.training._skipped_steps import SkippedSteps
from stq.training._validation import Validation

Again = Callable[[], Mapping[str, Tensor]]
"""Makes the losses of the micro-batch under way once more, with a graph of their own."""


class FiniteSteps:
    """Raises NonFiniteError with the loss or group, the step, and, by `label`, the dates of the windows.

    With `skip` a step that has a loss or a gradient which is not finite is left out, and `skipped` counts; weights that
    are not finite, and a validation that isn't, end training all the same. All processes find the same, for they ask
    together: `several` tells whether there are more than one.
    """

    def __init__(self, router: Router, *, skip: bool, label: Label) -> None:
        self.router = router
        self.skip = skip
        self.label = label
        self.skipped = SkippedSteps()
        self._spoilt = ""
        self._times: list[Tensor] = []
        self._under_way: tuple[Batch, Again] | None = None

    def begin(self, batch: Batch, again: Again, *, first: bool) -> None:
        """A micro-batch begins, the `first` of its step or a further one."""
        if first:
            self._spoilt, self._times = "", []
        self._times.append(batch.time)
        self._under_way = (batch, again)

    def refuse_losses(
        self, step: int, broken: Sequence[str], batch: Batch, forecast: Forecast, *, several: bool
    ) -> None:
        """Raise, or see to it that the step is left out; `broken` are the losses of this process alone."""
        plan, line = self.router.plan, ""
        if broken:
            windows = issued(batch.time.tolist(), self.label)
            line = loss_refusal(step, broken, plan, windows, cause_of_loss(batch, forecast, plan, self.label))
        said = said_by_all(line) if several else line
        if not self.skip or broken_groups(plan.groups):  # then no later batch is any better
            raise NonFiniteError(said)
        self._spoilt = self._spoilt or said

    def leaves_out(self, step: int, broken: Sequence[str], *, several: bool) -> bool:
        """Whether the update is left out; `broken` are the groups whose gradient is not finite.

        Such a gradient of several processes is the same in all. The optimiser then finds no gradient, and does nothing.
        """
        if not broken and not self._spoilt:
            self.skipped.made()
            return False
        why = self._spoilt or self._gradient_refusal(step, broken, several=several)
        if not self.skip or broken_groups(self.router.plan.groups):
            raise NonFiniteError(why)
        self.skipped.leave_out(why)
        for _, parameter in self.router.plan.groups.named_parameters():
            parameter.grad = None
        return True

    def refuse_validation(self, step: int, validation: Validation, *, several: bool) -> None:
        """Raise where the central forecast, or a loss that moves something, is not finite over the validation part."""
        losses, plan = validation.losses, self.router.plan
        names = [name for name in plan.moving if not isfinite(losses.get(name, 0.0))]
        if isfinite(validation.central) and not names:
            return
        what = f"the loss {', '.join(names)}" if isfinite(validation.central) else "the central forecast"
        windows = issued(validation.broken_windows(plan.moving), self.label)
        line = validation_refusal(step, what, windows, broken_groups(plan.groups)) if windows else ""
        raise NonFiniteError(said_by_all(line) if several else line)

    def refuse_weights(self, step: int, optimiser: Optimizer) -> None:
        """Raise where there is nothing worth saving: whatever is saved can be gone on from."""
        if broken := broken_groups(self.router.plan.groups, optimiser):
            raise NonFiniteError(weights_refusal(step, broken))

    def _gradient_refusal(self, step: int, broken: Sequence[str], *, several: bool) -> str:
        windows, plan = issued(torch.cat(self._times).tolist(), self.label), self.router.plan
        cause = ""
        if self._under_way is not None:
            batch, again = self._under_way
            cause = cause_at_hand(batch, plan, self.label)
            if not cause and not self.skip:  # to make a batch once more would move what a BatchNorm keeps
                cause = cause_of_gradient(again, plan)
        line = gradient_refusal(step, broken, windows, cause)
        return said_by_all(line) if several else line
