"""How far the coverage of a calibrated band may stray by chance."""


def expected_coverage_range(
    level: float, frames: int, probability: float = 0.95, *, scored_frames: int | None = None
) -> tuple[float, float]:
    """The central range that holds the coverage of a calibrated band with the given probability.

    `level` is the coverage that the band claims, such as 0.95; `frames` the number of frames that it was calibrated
    on; `scored_frames` the number that its coverage is then measured on (None: unlimited, the range is of the coverage
    in the long run).

    The coverage given the calibration sample, under split-conformal calibration on n exchangeable scores without
    ties, is a Beta(k, n + 1 - k) variable with k = ⌈(n + 1) level⌉ (Vovk 2012, arXiv:1209.2673, proposition 2a). Here
    k is not rounded up, since the pooled cells let the quantile fall between frames, so that the mean is `level`:

        coverage ~ Beta((n + 1) level, (n + 1) (1 - level))

    A finite test sample adds its own scatter; to match the sum of the two variances, n is then the harmonic
    combination 1 / (1 / frames + 1 / scored_frames).

    What it assumes: the frames are exchangeable with those to come (no trend, no season missing from one part), and
    each frame counts as one draw, as if all its cells stood or fell together. Cells do differ within a frame, so the
    true scatter is less, and neighbouring frames are alike, so it is more. Read it as "no surprise within", no more.
    """
    from scipy.special import betaincinv

    n = float(frames) if scored_frames is None else 1 / (1 / frames + 1 / scored_frames)
    a, b = (n + 1) * level, (n + 1) * (1 - level)
    tail = (1 - probability) / 2
    return float(betaincinv(a, b, tail)), float(betaincinv(a, b, 1 - tail))
