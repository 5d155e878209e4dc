"""Losses with one fault each: what the conformance kit and check-grads must catch."""

import torch
from torch.nn.functional import one_hot

from stq.losses import Loss, masked_mean


class _Faulty(Loss):
    """A loss of the central forecast that is wrong on purpose."""

    updates = ("backbone", "central")


class HardHistogram(_Faulty):
    """Counts cells by bin: the value looks sensible, and there is no gradient."""

    name = "hard-histogram"

    def forward(self, forecast, target):
        edges = torch.linspace(-2, 2, 9, dtype=target.values.dtype)

        def counts(values):
            bins = one_hot(torch.bucketize(values, edges), 10) * target.valid[..., None]
            return bins.sum(dim=(-3, -2)).to(values.dtype)

        return (counts(forecast.central) - counts(target.values)).abs().mean()


class Detached(_Faulty):
    """A squared error of a forecast that was cut from its graph."""

    name = "detached"

    def forward(self, forecast, target):
        return masked_mean((forecast.central.detach() - target.values).square(), target.valid)


class HalfDetached(_Faulty):
    """A squared error, one factor of which was cut: half the gradient."""

    name = "half-detached"

    def forward(self, forecast, target):
        error = forecast.central - target.values
        return masked_mean(error * error.detach(), target.valid)


class WrongTag(_Faulty):
    """A squared error of the central forecast that claims to teach the quantile heads."""

    name = "wrong-tag"
    updates = ("quantiles",)

    def forward(self, forecast, target):
        return masked_mean((forecast.central - target.values).square(), target.valid)


class DeadTag(_Faulty):
    """A squared error of the central forecast whose tag has one group too many."""

    name = "dead-tag"
    updates = ("backbone", "central", "quantiles")

    def forward(self, forecast, target):
        return masked_mean((forecast.central - target.values).square(), target.valid)


class Constant(_Faulty):
    """A graph, and no slope."""

    name = "constant"

    def forward(self, forecast, target):
        return 1 + 0 * masked_mean(forecast.central, target.valid)


class Vector(_Faulty):
    """One number a sample."""

    name = "vector"

    def forward(self, forecast, target):
        error = torch.where(target.valid, forecast.central - target.values, 0.0)
        return error.square().flatten(1).mean(dim=1)


class NotANumber(_Faulty):
    """The root of a negative number."""

    name = "not-a-number"

    def forward(self, forecast, target):
        return masked_mean((forecast.central - target.values).sqrt(), target.valid)


class Unmasked(_Faulty):
    """A squared error of all cells, missing or not."""

    name = "unmasked"

    def forward(self, forecast, target):
        return (forecast.central - target.values).square().mean()


class MaskedByDivision(_Faulty):
    """A masked mean by hand, which divides by zero when nothing is valid."""

    name = "masked-by-division"

    def forward(self, forecast, target):
        error = torch.where(target.valid, forecast.central - target.values, 0.0)
        return error.square().sum() / target.valid.sum()


class FirstSample(_Faulty):
    """A squared error that looks at the first sample alone."""

    name = "first-sample"

    def forward(self, forecast, target):
        return masked_mean((forecast.central - target.values).square()[:1], target.valid[:1])


class SilentNeed(_Faulty):
    """Needs quantiles and doesn't say so."""

    name = "silent-need"
    updates = ("quantiles",)

    def forward(self, forecast, target):
        return masked_mean((forecast.quantiles[:, :, 0] - target.values).abs(), target.valid)


class UntypedOption(_Faulty):
    """An option that nobody can check."""

    name = "untyped-option"

    def __init__(self, power=2):
        super().__init__()
        self.power = power

    def forward(self, forecast, target):
        return masked_mean((forecast.central - target.values) ** self.power, target.valid)


class Trainable(_Faulty):
    """A squared error with a factor that wants to be learnt."""

    name = "trainable"

    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.ones(()))

    def forward(self, forecast, target):
        return self.factor * masked_mean((forecast.central - target.values).square(), target.valid)


class Undocumented(Loss):
    name = "undocumented"
    updates = ("backbone", "central")

    def forward(self, forecast, target):
        return masked_mean((forecast.central - target.values).square(), target.valid)


FAULTS = {
    HardHistogram: "gradient",
    Detached: "gradient",
    HalfDetached: "gradient",
    WrongTag: "no stray gradient",
    DeadTag: "no dead group",
    Constant: "no dead group",
    Vector: "finite scalar",
    NotANumber: "finite scalar",
    Unmasked: "masks",
    MaskedByDivision: "nothing valid",
    FirstSample: "batch order",
    SilentNeed: "quantiles declared",
    UntypedOption: "options",
    Trainable: "declaration",
    Undocumented: "declaration",
}
"""Each faulty loss, and the question of the kit that finds its fault."""
