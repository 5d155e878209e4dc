"""The network that makes a forecast: the contract that every model keeps, the heads they share, and the ConvLSTM.

A `Forecaster` says which groups of parameters it has, and leaves it to `stq.routing` which loss may move them. A
`HeadedForecaster` has stq's heads for each horizon and needs a backbone alone; `ConvLSTMForecaster` is the one that stq
brings, by the same hook as a stranger's. `build_model` makes one from a spec's options and a `ModelContext`. Everything
here is in normalised units.
"""

from stq.models._build import build_forecaster, build_model, check_model_options
from stq.models._builtin import stq_models
from stq.models._context import ModelContext, Order
from stq.models._convlstm import ConvLSTM, ConvLSTMCell
from stq.models._convlstm_forecaster import ConvLSTMForecaster
from stq.models._forecaster import Forecaster
from stq.models._head import Head
from stq.models._headed_forecaster import HeadedForecaster
from stq.models._location_encoder import LocationEncoder
from stq.models._options import model_options, options_of_model
from stq.models._spherical_harmonics import spherical_harmonics
from stq.models._streams import stream_seed

__all__ = [
    "ConvLSTM",
    "ConvLSTMCell",
    "ConvLSTMForecaster",
    "Forecaster",
    "Head",
    "HeadedForecaster",
    "LocationEncoder",
    "ModelContext",
    "Order",
    "build_forecaster",
    "build_model",
    "check_model_options",
    "model_options",
    "options_of_model",
    "spherical_harmonics",
    "stq_models",
    "stream_seed",
]
