"""The harmonics against SciPy's, and what makes them fit for a globe."""

import math

import numpy as np
import pytest
import torch
from scipy.special import sph_harm_y

from stq.models import LocationEncoder, spherical_harmonics


def grid(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    latitude, longitude = torch.meshgrid(
        torch.linspace(-90, 90, 13, dtype=dtype), torch.linspace(-180, 330, 17, dtype=dtype), indexing="ij"
    )
    return latitude, longitude


def scipys(latitude: torch.Tensor, longitude: torch.Tensor, degree: int) -> np.ndarray:
    theta, phi = np.deg2rad(90 - latitude.double().numpy()), np.deg2rad(longitude.double().numpy())
    columns = []
    for order in range(degree + 1):
        for m in range(-order, order + 1):
            y = (-1) ** m * sph_harm_y(order, abs(m), theta, phi) * math.sqrt(4 * math.pi)
            columns.append(y.real if m == 0 else math.sqrt(2) * (y.real if m > 0 else y.imag))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("degree", [0, 1, 2, 8, 40])
def test_harmonics_are_those_of_scipy(degree: int) -> None:
    ours = spherical_harmonics(*grid(), degree)
    assert ours.shape == (13, 17, (degree + 1) ** 2)
    np.testing.assert_allclose(ours.numpy(), scipys(*grid(), degree), atol=1e-11)


def test_single_precision_is_good_for_high_degrees() -> None:
    ours = spherical_harmonics(*grid(torch.float32), 40)
    np.testing.assert_allclose(ours.numpy(), scipys(*grid(), 40), atol=2e-4)


def test_harmonics_have_mean_square_one_and_are_orthogonal_on_the_globe() -> None:
    nodes, weights = np.polynomial.legendre.leggauss(20)
    latitude, longitude = torch.meshgrid(
        torch.rad2deg(torch.arcsin(torch.from_numpy(nodes))),
        torch.arange(0, 360, 9.0, dtype=torch.float64),
        indexing="ij",
    )
    basis = spherical_harmonics(latitude, longitude, 6)
    area = torch.from_numpy(weights)[:, None].expand_as(latitude) / (2 * 40)
    gram = torch.einsum("yx,yxi,yxj->ij", area, basis, basis)
    torch.testing.assert_close(gram, torch.eye(49, dtype=torch.float64), rtol=0, atol=1e-12)


def test_the_encoder_has_no_seam_at_the_date_line_and_one_value_at_a_pole() -> None:
    torch.manual_seed(0)
    encoder = LocationEncoder(degree=8).double()

    def at(latitude: float, longitude: float) -> torch.Tensor:
        return encoder(torch.tensor([latitude, longitude], dtype=torch.float64).view(1, 2, 1, 1)).flatten()

    torch.testing.assert_close(at(20, -180), at(20, 180))
    torch.testing.assert_close(at(-35, -70), at(-35, 290))
    torch.testing.assert_close(at(90, 0), at(90, 123))
    torch.testing.assert_close(at(-90, -50), at(-90, 77))
    assert (at(20, 0) - at(20, 90)).abs().max() > 1e-2


def test_the_encoder_gives_maps_and_learns() -> None:
    torch.manual_seed(0)
    encoder = LocationEncoder(degree=2, features=5)
    location = torch.stack([torch.rand(2, 3, 4) * 90, torch.rand(2, 3, 4) * 180], dim=1)
    maps = encoder(location)
    assert maps.shape == (2, 5, 3, 4)
    assert not torch.equal(maps[..., 0, 0], maps[..., 2, 3])
    maps.square().sum().backward()
    assert all(p.grad is not None and p.grad.norm() > 0 for p in encoder.parameters())
