"""Real spherical harmonics: a smooth basis on the globe without a seam at the date line or a hole at the poles."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def spherical_harmonics(
    latitude: Float[Tensor, "*shape"], longitude: Float[Tensor, "*shape"], degree: int
) -> Float[Tensor, "*shape basis"]:
    """All (degree + 1)² real harmonics up to `degree`, in the order l = 0, 1, ...; m = -l ... l.

    Latitude and longitude in degrees. With θ the colatitude and P the associated Legendre function without the
    Condon-Shortley phase,

        Y_lm = √(2l + 1) √(2 - δ_m0) √((l - |m|)! / (l + |m|)!) P_l^|m|(cos θ) · (cos mφ for m ≥ 0, sin |m|φ for m < 0)

    so the mean square over the globe of each is 1 (geodesy's "4π normalisation"; √(4π) times the orthonormal ones).
    The Legendre functions come from the recursion over l at fixed m with normalised terms (Holmes and Featherstone
    2002, doi:10.1007/s00190-002-0216-2, equations 11 to 13), which neither overflows nor cancels.
    """
    phi = torch.deg2rad(longitude)
    x, s = torch.sin(torch.deg2rad(latitude)), torch.cos(torch.deg2rad(latitude)).clamp(min=0.0)
    terms: dict[tuple[int, int], Tensor] = {}
    sectoral = torch.ones_like(x)
    for m in range(degree + 1):
        if m > 0:
            sectoral = sectoral * s * math.sqrt((2 * m + 1) / (2 * m) * (2 if m == 1 else 1))
        cosine, sine = torch.cos(m * phi), torch.sin(m * phi)
        before, legendre = torch.zeros_like(x), sectoral
        for order in range(m, degree + 1):
            terms[order, m] = legendre * cosine
            if m > 0:
                terms[order, -m] = legendre * sine
            a, b = _recursion(order + 1, m)
            before, legendre = legendre, a * x * legendre - b * before
    return torch.stack([terms[order, m] for order in range(degree + 1) for m in range(-order, order + 1)], dim=-1)


def _recursion(order: int, m: int) -> tuple[float, float]:
    """The factors a, b of P_l = a x P_{l-1} - b P_{l-2}, with normalised P of fixed m and l = `order` > m."""
    a = math.sqrt((2 * order - 1) * (2 * order + 1) / ((order - m) * (order + m)))
    if order == m + 1:
        return a, 0.0
    numerator = (2 * order + 1) * (order + m - 1) * (order - m - 1)
    return a, math.sqrt(numerator / ((order - m) * (order + m) * (2 * order - 3)))
