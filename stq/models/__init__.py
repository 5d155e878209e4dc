"""The network that makes a forecast: a ConvLSTM backbone, an optional location encoder, heads for each horizon.

`build_forecaster` makes one from plain arguments; the `Forecaster` says which groups of parameters it has, and leaves
it to `stq.routing` which loss may move them. Everything here is in normalised units.
"""

from stq.models._build import build_forecaster
from stq.models._convlstm import ConvLSTM, ConvLSTMCell
from stq.models._forecaster import Forecaster, Order
from stq.models._head import Head
from stq.models._location_encoder import LocationEncoder
from stq.models._spherical_harmonics import spherical_harmonics
from stq.models._streams import stream_seed

__all__ = [
    "ConvLSTM",
    "ConvLSTMCell",
    "Forecaster",
    "Head",
    "LocationEncoder",
    "Order",
    "build_forecaster",
    "spherical_harmonics",
    "stream_seed",
]
