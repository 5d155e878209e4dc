"""The built-in models, brought in by the hook that any plugin uses."""

from stq import hookimpl
from stq.models._convlstm_forecaster import ConvLSTMForecaster
from stq.models._forecaster import Forecaster


@hookimpl
def stq_models() -> list[type[Forecaster]]:
    """The network of the reference recipe."""
    return [ConvLSTMForecaster]
