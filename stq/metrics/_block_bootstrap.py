"""What frames that follow each other are worth, and how far a score may stray with other frames."""

import math
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

LEAST_FRAMES = 4
"""With fewer frames there are no two blocks to draw from."""
_SEED = 20_010_101
_AT_ONCE = 2**21


def effective_frames(series: Float64[Tensor, " F"], times: Int64[Tensor, " F"]) -> float:
    """How many independent frames would leave the mean of this series as uncertain: n (1 - r) / (1 + r).

    r is the lag-1 autocorrelation of the series, from neighbours that are as close in time as any, 0 where it is
    negative or there are fewer than three frames; so the result lies between 1 and n. That of a first-order
    autoregressive process: Wilks (2011), equation 5.12; after Leith (1973).
    """
    n = len(series)
    if n < 3:
        return float(n)
    steps = times.diff()
    close = steps == steps.min()
    deviation = series - series.mean()
    variance = deviation.square().mean()
    if variance <= 0:
        return float(n)
    lag1 = float((deviation[1:] * deviation[:-1])[close].mean() / variance)
    r = min(max(lag1, 0.0), 1.0)
    return max(1.0, n * (1 - r) / (1 + r))


def block_length(frames: int, overlap: int, wanted: int | None = None) -> int:
    """Frames in a block: as wanted, or n^(1/3) and at least `overlap`, that of the forecasts; at most half of all.

    The rate is that of Hall, Horowitz and Jing (1995), doi:10.1093/biomet/82.3.561. Forecasts of horizon h that are
    issued within h steps share a part of what comes between.
    """
    length = max(math.ceil(frames ** (1 / 3) - 1e-9), overlap) if wanted is None else wanted
    return max(1, min(length, frames // 2))


def block_counts(frames: int, block: int, repetitions: int, generator: torch.Generator) -> Float64[Tensor, "R F"]:
    """How often each frame is drawn in each repetition of the moving-block bootstrap.

    Blocks of neighbouring frames, drawn with replacement, one behind the other until there are as many frames as were
    (the last block is cut). Künsch (1989), doi:10.1214/aos/1176347265.
    """
    blocks = -(-frames // block)
    starts = torch.randint(frames - block + 1, (repetitions, blocks, 1), generator=generator)
    drawn = (starts + torch.arange(block)).flatten(1)[:, :frames]
    ones = torch.ones(drawn.shape, dtype=torch.float64)
    return torch.zeros(repetitions, frames, dtype=torch.float64).scatter_add_(1, drawn, ones)


def intervals95(
    sums: Float64[Tensor, "F K"],
    scores: Callable[[Float64[Tensor, "R K"]], Mapping[str, Float64[Tensor, " R"] | None]],
    *,
    block: int,
    repetitions: int,
) -> dict[str, tuple[float, float] | None]:
    """The 2.5 and 97.5 % quantiles of scores over the repetitions (percentile bootstrap).

    `scores` makes them from sums over frames. All scores of a repetition come from the same frames, so that those of
    the forecast and of a baseline are paired. None where a score is not defined in some repetition, and with fewer
    than LEAST_FRAMES frames.
    """
    frames = len(sums)
    if frames < LEAST_FRAMES or repetitions < 1:
        return dict.fromkeys(scores(sums.sum(dim=0, keepdim=True)))
    generator = torch.Generator().manual_seed(_SEED)
    step = max(1, _AT_ONCE // frames)
    drawn = torch.cat(
        [
            block_counts(frames, block, min(step, repetitions - first), generator) @ sums
            for first in range(0, repetitions, step)
        ]
    )
    return {name: _middle(values) for name, values in scores(drawn).items()}


def _middle(values: Float64[Tensor, " R"] | None) -> tuple[float, float] | None:
    if values is None or not bool(values.isfinite().all()):
        return None
    low, high = torch.quantile(values, torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return low, high
