"""Power spectra of masked fields: how much of the variance of each scale a forecast keeps."""

import math

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from stq.metrics._central_sums import SumsByName
from stq.metrics._scored_batch import ScoredPiece

LEAST_SIDE = 8
"""Fields with a shorter side have too few wavenumbers for a spectrum."""


def wavenumbers(size: tuple[int, int]) -> tuple[int, ...]:
    """1 ... half the shorter side, in cycles over the shorter side; none of fields that are too small."""
    side = min(size)
    return tuple(range(1, side // 2 + 1)) if side >= LEAST_SIDE else ()


def power_spectrum(field: Float64[Tensor, "*N Y X"]) -> Float64[Tensor, "*N K"]:
    """The radially averaged periodogram of a field, in its units squared, at `wavenumbers(Y, X)`.

    With h(y, x) the product of two Hann windows, which keeps what the opposite edges of a field have in common from
    showing as fine structure, and F the discrete Fourier transform of h v:

        P(k) = mean of |F(m, n)|² / Σ h² over the (m, n) whose radius √((m/Y)² + (n/X)²) min(Y, X) rounds to k

    For white noise P is its variance at every k. Cells are taken as squares of one size. Periodogram and window as in
    Welch (1967), doi:10.1109/TAU.1967.1161901; the radial average as in Errico (1985).
    """
    rows, columns = field.shape[-2:]
    window = _hann(rows, field)[:, None] * _hann(columns, field)
    power = torch.fft.fft2(field * window).abs().square() / window.square().sum()
    count = len(wavenumbers((rows, columns)))
    radius = _radius(rows, columns).to(field.device).clamp(max=count + 1).flatten()
    sums = power.new_zeros(*field.shape[:-2], count + 2).index_add(-1, radius, power.flatten(-2))
    coefficients = torch.bincount(radius, minlength=count + 2)
    return torch.div(sums, coefficients)[..., 1 : count + 1]


def spectrum_sums(piece: ScoredPiece) -> SumsByName:
    """Spectra of the anomalies of forecast and truth; those of cells without a truth are 0 in both.

    So both miss the same cells, and their ratio is not that of two different masks. Frames without any valid cell don't
    count; area weights don't either.
    """
    present = piece.valid.flatten(-2).any(dim=-1).double().unsqueeze(1)
    forecast, truth = (power_spectrum(f - piece.climatology) for f in (piece.central, piece.truth))
    return {
        "power_forecast": forecast.transpose(1, 2),
        "power_truth": truth.transpose(1, 2),
        "spectra": present,
    }


def _hann(size: int, like: Tensor) -> Tensor:
    """sin² over the cells, zero half a cell outside of them."""
    return torch.sin(math.pi * (torch.arange(size, dtype=like.dtype, device=like.device) + 0.5) / size).square()


def _radius(rows: int, columns: int) -> Int64[Tensor, "Y X"]:
    """The wavenumber that each Fourier coefficient counts for."""
    down, along = (torch.fft.fftfreq(size, dtype=torch.float64) for size in (rows, columns))
    return (torch.hypot(down[:, None], along) * min(rows, columns)).round().long()
