"""The conformance kit for plugin authors: the questions that stq asks of every loss, and small batches to ask them on.

    from stq.testing import check_loss

    def test_my_loss_keeps_the_contract():
        check_loss(MyLoss).raise_for_failures()

Nothing here trains or needs a test runner. Forecasts are plain leaf tensors: `forecast.central` stands for the groups
backbone and central, `forecast.quantiles` for quantiles and backbone.
"""

from stq.testing._check_loss import check_loss
from stq.testing._report import LossReport, PropertyResult
from stq.testing._tiny import tiny_context, tiny_forecast, tiny_target

__all__ = ["LossReport", "PropertyResult", "check_loss", "tiny_context", "tiny_forecast", "tiny_target"]
