"""A metric of one's own, in a file. A spec next to it says

plugins: [my_metric.py]
evaluation:
  metrics: [{metric: large-errors, above: 5.0}]
"""

from stq import hookimpl
from stq.metrics import Metric


class LargeErrors(Metric):
    """Share of the area where the central forecast is wrong by more than `above`, in units: mean of 1{|f - y| > a}."""

    name = "large-errors"
    sums = ("large", "area")

    def __init__(self, above: float = 1.0) -> None:
        super().__init__()
        self.above = above

    def update(self, forecast, target):
        weight = target.weight[:, None, None] * target.valid
        self.large += (weight * ((forecast.central - target.values).abs() > self.above)).sum(dim=(0, -2, -1))
        self.area += weight.sum(dim=(0, -2, -1))

    def compute(self):
        return self.large / self.area


@hookimpl
def stq_metrics():
    return [LargeErrors]
