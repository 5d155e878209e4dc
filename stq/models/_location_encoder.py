"""What a place is like, learned from where it is."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stq.models._spherical_harmonics import spherical_harmonics


class LocationEncoder(nn.Module):
    """Feature maps from latitude and longitude: spherical harmonics up to `degree`, then a small pointwise network.

    Rußwurm et al. (2024), "Geographic Location Encoding with Spherical Harmonics and Sinusoidal Representation
    Networks", arXiv:2310.06743. We differ in the network: one hidden layer with a sine, as in their SIREN, with
    ordinary initial weights.
    """

    def __init__(self, degree: int, features: int = 8, hidden: int = 32) -> None:
        super().__init__()
        self.degree = degree
        self.hidden = nn.Linear((degree + 1) ** 2, hidden)
        self.output = nn.Linear(hidden, features)

    def forward(self, location: Float[Tensor, "B 2 Y X"]) -> Float[Tensor, "B F Y X"]:
        """Feature maps; `location` is latitude and longitude in degrees."""
        latitude, longitude = location.unbind(1)
        with torch.no_grad():
            basis = spherical_harmonics(latitude, longitude, self.degree)
        features: Tensor = self.output(torch.sin(self.hidden(basis)))
        return features.movedim(-1, 1)
