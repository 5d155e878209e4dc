"""The conformance kit for plugin authors: the questions that stq asks of every loss and every model, and small batches
and specs to ask more on.

    from stq.testing import check_loss, check_model

    def test_my_loss_keeps_the_contract():
        check_loss(MyLoss).raise_for_failures()

    def test_my_model_keeps_the_contract():
        check_model(MyModel, {"width": 4}).raise_for_failures()

Nothing in the kit trains or needs a test runner. For losses, forecasts are plain leaf tensors: `forecast.central` is
what the groups backbone and central move, `forecast.quantiles` what quantiles and backbone do. `tiny_spec` writes a
spec and data for a run of a second, to train and check gradients on.
"""

from stq.testing._check_loss import check_loss
from stq.testing._check_model import check_model
from stq.testing._report import LossReport, ModelReport, PropertyResult, Report
from stq.testing._tiny import tiny_context, tiny_forecast, tiny_target
from stq.testing._tiny_model import tiny_batch, tiny_model_context
from stq.testing._tiny_spec import tiny_spec

__all__ = [
    "LossReport",
    "ModelReport",
    "PropertyResult",
    "Report",
    "check_loss",
    "check_model",
    "tiny_batch",
    "tiny_context",
    "tiny_forecast",
    "tiny_model_context",
    "tiny_spec",
    "tiny_target",
]
