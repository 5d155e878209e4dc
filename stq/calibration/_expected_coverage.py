"""How far the coverage of a calibrated band may stray by chance."""


def expected_coverage_range(
    level: float, frames: int, probability: float = 0.95, *, scored_frames: int | None = None
) -> tuple[float, float]:
    """The central range that holds the coverage of a calibrated band with the given probability.

    `level` is the coverage that the band claims, such as 0.95; `frames` the number of frames that it was calibrated
    on; `scored_frames` the number that its coverage is then measured on (None: without end, so that the range is of
    the coverage in the long run, by the calibration's luck alone).

    Given its calibration sample, a band calibrated on n exchangeable scores without ties covers a share of what is to
    come that is a Beta(k, n + 1 - k) variable with k = ⌈(n + 1) level⌉ (Vovk 2012, arXiv:1209.2673,
    proposition 2).
    We don't round k, since the scores of cells are pooled and their quantile falls between frames, so the mean is
    `level` for any n:

        coverage ~ Beta((n + 1) level, (n + 1) (1 - level))

    and of m scored frames the number that is covered is beta-binomial with the same parameters.

    What it assumes: that frames are exchangeable with those to come (no trend, no season that one part has and the
    other lacks), and that each frame is one draw, as if its cells stood or fell together. Cells do differ within a
    frame, so the true scatter is less; neighbouring frames are alike, so it is more. Below 1 / (1 - level) frames
    the range says little but how little is known.
    """
    from scipy.stats import beta, betabinom  # a second to import, for whoever asks

    a, b = (frames + 1) * level, (frames + 1) * (1 - level)
    tails = [(1 - probability) / 2, (1 + probability) / 2]
    if scored_frames is None:
        low, high = beta.ppf(tails, a, b)
    else:
        low, high = betabinom.ppf(tails, scored_frames, a, b) / scored_frames
    return float(low), float(high)
