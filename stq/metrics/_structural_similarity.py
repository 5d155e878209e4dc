"""Structural similarity of masked fields."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

WINDOW = 11
"""Cells on a side of the window: a Gaussian of deviation 1.5 cut at 5 cells, as in the paper."""

_CELLS = 2**15


def structural_similarity(
    forecast: Float[Tensor, "B H C Y X"],
    truth: Float[Tensor, "B H C Y X"],
    valid: Bool[Tensor, "B H C Y X"],
    minimum: Float[Tensor, " C"],
    span: Float[Tensor, " C"],
) -> tuple[Float[Tensor, "B H C Y X"], Bool[Tensor, "B H C Y X"]]:
    """SSIM in the window around each cell, and where it means anything: where the whole window is inside and valid.

    Wang et al. (2004), doi:10.1109/TIP.2003.819861, with k1 = 0.01, k2 = 0.03, of (v - minimum) / span. Pass anomalies
    and their range: an offset as of kelvins makes all fields look alike; around 0 a forecast of the opposite sign has
    both factors of the index negative, and would score as well as the truth. Nothing is defined on fields smaller than
    the window, nor for a variable whose span is 0: its index has no scale.
    """
    margin = WINDOW // 2
    if min(truth.shape[-2:]) < WINDOW:
        return torch.zeros_like(truth), torch.zeros_like(valid)
    varies = span > 0
    low, scale = minimum[:, None, None], torch.where(varies, span, 1.0)[:, None, None]
    forecast, truth = (torch.where(valid, (field - low) / scale, 0.0).flatten(0, 1) for field in (forecast, truth))
    similarity = _in_pieces(forecast, truth, margin)
    gaps = F.max_pool2d((~valid).flatten(0, 1).to(truth.dtype), WINDOW, stride=1)
    whole = F.pad(gaps == 0, (margin, margin, margin, margin), value=False)
    return similarity.view_as(valid), whole.view_as(valid) & varies[:, None, None]


def _in_pieces(
    forecast: Float[Tensor, "N C Y X"], truth: Float[Tensor, "N C Y X"], margin: int
) -> Float[Tensor, "N C Y X"]:
    """SSIM of many images, some rows of some images at a time, for each of its cells takes the memory of 600.

    Within `margin` of the border the value means nothing.
    """
    rows, columns = truth.shape[-2:]
    similarity = torch.zeros_like(truth)
    height = min(rows, max(2 * WINDOW, _CELLS // columns))
    images = max(1, _CELLS // (truth.shape[1] * height * columns))
    for first in range(0, len(truth), images):
        for top in range(0, rows, height - 2 * margin):
            here = slice(first, first + images), slice(None), slice(max(0, min(top, rows - height)), top + height)
            _, found = structural_similarity_index_measure(
                forecast[here], truth[here], sigma=1.5, data_range=1.0, return_full_image=True
            )
            start = here[2].start
            similarity[here[0], :, start + margin : start + height - margin] = found[..., margin : height - margin, :]
            if top + height >= rows:
                break
    return similarity
