"""How far the coverage of a calibrated band may stray by chance."""

import math


def expected_coverage_range(
    level: float, frames: int, probability: float = 0.95, *, scored_frames: int | None = None
) -> tuple[float, float]:
    """The central range that holds the coverage of a calibrated band with the given probability.

    `level` is the coverage that the band claims, such as 0.95; `frames` the number of frames that it was calibrated
    on; `scored_frames` the number that its coverage is then measured on (None: without end, so that the range is of
    the coverage in the long run, by the calibration's luck alone).

    Given its calibration sample, a band calibrated on n exchangeable scores without ties covers a share of what is to
    come that is a Beta(k, n + 1 - k) variable, where k is the rank of the score that was taken (Vovk 2012,
    arXiv:1209.2673, proposition 2), and of m scored frames the number that is covered is beta-binomial with the same
    parameters. We count as if the cells of a frame stood or fell together: the rank among all cells then falls on the
    frame

        k = min(⌊n level⌋ + 1, n)

    whose mean coverage, k / (n + 1), need not be the claim: with three frames it is 75 % at most. Cells do differ
    within a frame, so the true mean lies between that and the claim, and the true scatter is less; neighbouring frames
    are alike, so it is more. It is also assumed that the frames are exchangeable with those to come: no trend, no
    season that one part has and the other lacks.
    """
    from scipy.stats import beta, betabinom  # a second to import, for whoever asks

    rank = min(math.floor(frames * level + 1e-9) + 1, frames)
    a, b = rank, frames + 1 - rank
    tails = [(1 - probability) / 2, (1 + probability) / 2]
    if scored_frames is None:
        low, high = beta.ppf(tails, a, b)
    else:
        low, high = betabinom.ppf(tails, scored_frames, a, b) / scored_frames
    return float(low), float(high)


def least_frames(level: float) -> int:
    """The least number of frames whose scores can say where a share `level` of them lies: ⌈level / (1 - level)⌉.

    With fewer, the rank ⌈(n + 1) level⌉ is beyond the last of them, and the greatest score is all that there is to
    take. 19 for 0.95, 39 for 0.975, 99 for 0.99.
    """
    return math.ceil(level / (1 - level) - 1e-9)
