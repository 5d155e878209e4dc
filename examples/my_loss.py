"""A loss of one's own, in a file. A spec next to it says

plugins: [my_loss.py]
losses:
  - {loss: charbonnier, epsilon: 0.1}
"""

from stq import hookimpl
from stq.losses import Loss, masked_mean


class Charbonnier(Loss):
    """sqrt(u^2 + epsilon^2) - epsilon, u the error of the central forecast: an absolute error that is smooth at 0.

    In normalised units. Source: Charbonnier et al. 1994, doi:10.1109/ICIP.1994.413553.
    """

    name = "charbonnier"
    updates = ("backbone", "central")

    def __init__(self, epsilon: float = 0.1) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, forecast, target):
        error = forecast.central - target.values
        return masked_mean((error**2 + self.epsilon**2).sqrt() - self.epsilon, target.valid, target.weight)


@hookimpl
def stq_losses():
    return [Charbonnier]
