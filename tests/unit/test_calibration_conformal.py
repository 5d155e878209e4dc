"""Fitting a calibration: against NumPy, against MAPIE, and by simulation."""

import math

import numpy as np
import pytest
import torch
from mapie.regression import ConformalizedQuantileRegressor
from sklearn.base import BaseEstimator, RegressorMixin
from torch import Tensor

from stq.calibration import ConformalCalibration, ConformityScores, Form, conformal_quantile
from stq.calibration._bands import bands
from stq.errors import CheckFailed, DataError, NonFiniteError

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def fields(seed: int, levels: int, *, samples: int = 6, size: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    """Quantiles in order, the truth, and where it is valid; two horizons, two variables."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randn(samples, 2, 2, size, size, generator=generator)
    quantiles = 0.8 * torch.randn(samples, 2, levels, 2, size, size, generator=generator).sort(dim=2).values
    return quantiles, truth, torch.rand(truth.shape, generator=generator) < 0.9


def fitted(
    quantiles: Tensor, truth: Tensor, valid: Tensor, levels: tuple[float, ...], weight: Tensor | None = None
) -> ConformalCalibration:
    scores = ConformityScores(["ozone", "temperature"], [1, 3], levels, units=["DU", "K"])
    time = torch.arange(len(truth))
    for part in (slice(0, 2), slice(2, None)):
        area = None if weight is None else weight[part]
        scores.update(quantiles=quantiles[part], truth=truth[part], valid=valid[part], time=time[part], weight=area)
    return scores.fit()


def test_corrections_are_order_statistics_of_the_scores_over_all_valid_cells() -> None:
    quantiles, truth, valid = fields(0, 5)
    calibration = fitted(quantiles, torch.where(valid, truth, torch.nan), valid, LEVELS)
    for h in range(2):
        for c in range(2):
            y = truth[:, h, c][valid[:, h, c]].numpy()
            for low, up, coverage in ((0, 4, 0.9), (1, 3, 0.5)):
                lower, upper = (quantiles[:, h, q, c][valid[:, h, c]].numpy() for q in (low, up))
                scores = np.sort(np.maximum(lower - y, y - upper))
                expected = scores[math.ceil(round((len(y) + 1) * coverage, 9)) - 1]
                assert calibration.outward[h][low][c] == calibration.outward[h][up][c] == expected
            assert calibration.outward[h][2][c] == 0
            assert calibration.cells[h][c] == len(y)
            assert calibration.frames[h][c] == 6


class Column(RegressorMixin, BaseEstimator):
    """Predicts one column of its input: a quantile that is known already."""

    def __init__(self, column: int = 0) -> None:
        self.column = column
        self.fitted_ = True

    def fit(self, _x: np.ndarray, _y: np.ndarray) -> "Column":
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(x[:, self.column])


def mapie_band(quantiles: np.ndarray, truth: np.ndarray, confidence: float, *, symmetric: bool) -> np.ndarray:
    """Lower and upper ends by MAPIE, from columns lower, median, upper of the very points that it conformalises on."""
    oracle = ConformalizedQuantileRegressor([Column(0), Column(2), Column(1)], confidence_level=confidence, prefit=True)
    oracle.conformalize(quantiles, truth)
    return np.asarray(oracle.predict_interval(quantiles, symmetric_correction=symmetric)[1][:, :, 0])


def test_calibrated_bands_are_those_of_mapie_on_flattened_arrays() -> None:
    quantiles, truth, valid = fields(1, 5)
    found = fitted(quantiles, truth, valid, LEVELS).apply(truth, quantiles, LEVELS)
    for h in range(2):
        for c in range(2):
            where = valid[:, h, c]
            columns = quantiles[:, h, :, c].movedim(1, -1)[where].double().numpy()
            for low, up, claimed in ((0, 4, 0.9), (1, 3, 0.5)):
                band = mapie_band(
                    columns[:, [low, 2, up]], truth[:, h, c][where].double().numpy(), claimed, symmetric=True
                )
                for side, q in ((0, low), (1, up)):
                    ours = found[:, h, q, c][where].numpy()
                    outer = found[:, h, 1 if q == 0 else 3, c][where].numpy() if q in (0, 4) else ours
                    held = (ours == outer) & (q in (0, 4)) | (ours == columns[:, 2].astype(np.float32))
                    np.testing.assert_allclose(ours[~held], band[~held, side], atol=1e-6)
                    assert held.mean() < 0.2  # held by the level further in, or by the centre


def test_one_sided_levels_are_those_of_mapies_asymmetric_correction() -> None:
    quantiles, truth, valid = fields(11, 3)
    valid[:] = True
    columns = quantiles[:, 1, :, 0].movedim(1, -1).reshape(-1, 3).double().numpy()
    band = mapie_band(columns, truth[:, 1, 0].flatten().double().numpy(), 0.8, symmetric=False)
    for q, level, side in ((0, 0.1, 0), (2, 0.9, 1)):
        moved = fitted(quantiles[:, :, [q]], truth, valid, (level,)).outward[1][0][0]
        np.testing.assert_allclose(moved, np.abs(band[:, side] - columns[:, q]), atol=1e-6)


def test_beyond_what_a_sketch_tells_apart_the_band_is_that_of_mapie_within_its_step() -> None:
    generator = torch.Generator().manual_seed(12)
    truth = torch.randn(50, 1, 1, 50, 50, generator=generator)  # 125,000 scores, 65,536 of which are told apart
    quantiles = truth.new_tensor([-1.0, 0.0, 1.0]).view(1, 1, 3, 1, 1, 1).expand(50, 1, 3, 1, 50, 50).clone()
    quantiles += 0.1 * torch.randn(50, 1, 1, 1, 50, 50, generator=generator)
    scores = ConformityScores(["ozone"], [1], (0.1, 0.5, 0.9))
    scores.update(quantiles=quantiles, truth=truth, valid=torch.ones_like(truth).bool(), time=torch.arange(50))
    columns = quantiles[:, 0, :, 0].movedim(1, -1).reshape(-1, 3).double().numpy()
    band = mapie_band(columns, truth.flatten().double().numpy(), 0.8, symmetric=True)
    exact = float(np.median(band[:, 1] - columns[:, 2]))
    step = scores._samples[0, 0, -1].sketches[0].step
    assert 0 < step < 1e-4
    assert -1e-6 < scores.fit().outward[0][0][0] - exact < step + 1e-6


@pytest.mark.parametrize("levels", [(0.1,), (0.8,), (0.1, 0.8)])
def test_a_level_without_a_mirror_is_calibrated_on_its_own_side(levels: tuple[float, ...]) -> None:
    quantiles, truth, valid = fields(2, len(levels))
    valid = torch.ones_like(valid)
    calibrated = fitted(quantiles, truth, valid, levels).apply(quantiles.mean(dim=2), quantiles, levels)
    for q, level in enumerate(levels):
        below = (truth < calibrated[:, :, q]).double().mean(dim=(0, -2, -1))
        assert ((below - level).abs() < 0.02).all() or len(levels) == 1  # a lone level may be held by the centre


def test_weights_make_it_the_weighted_quantile_as_of_repeated_cells() -> None:
    quantiles, truth, valid = fields(3, 5)
    times = torch.randint(1, 4, truth.shape[:1] + truth.shape[-1:], generator=torch.Generator().manual_seed(0))
    weight = times[:, None, :].expand(6, 8, 8).float()
    truth = truth * weight[:, None, None]  # so that it matters which weight goes with which score
    weighted = fitted(quantiles, truth, valid, LEVELS, weight)
    equal = fitted(quantiles, truth, valid, LEVELS, torch.full_like(weight, 0.3))
    assert equal == fitted(quantiles, truth, valid, LEVELS)
    where = valid[:, 0, 1]
    lower, upper, y = (part[where].numpy() for part in (quantiles[:, 0, 0, 1], quantiles[:, 0, 4, 1], truth[:, 0, 1]))
    scores = np.sort(np.repeat(np.maximum(lower - y, y - upper), weight[where].int().numpy()))
    n = len(y)
    expected = scores[math.ceil(round((n + 1) / n * 0.9 * len(scores), 9)) - 1]
    assert weighted.outward[0][0][1] == expected


@pytest.mark.parametrize(("n", "rank"), [(1, 1), (8, 8), (9, 9), (10, 10), (19, 18), (99, 90), (1000, 901)])
def test_the_rank_is_that_of_the_paper_and_at_most_the_last(n: int, rank: int) -> None:
    scores = torch.randperm(n, generator=torch.Generator().manual_seed(n)).float() + 1
    assert conformal_quantile(scores, torch.ones(n), 0.9) == rank


def test_coverage_of_exchangeable_cells_is_within_binomial_error() -> None:
    generator = torch.Generator().manual_seed(4)
    levels = (0.05, 0.95)

    def draw(samples: int) -> tuple[Tensor, Tensor]:
        scale = 0.5 + torch.rand(samples, 2, 2, 10, 10, generator=generator)
        truth = scale * torch.randn(samples, 2, 2, 10, 10, generator=generator)
        return torch.stack([-scale, 0.3 * scale], dim=2), truth  # too narrow, and lopsided

    quantiles, truth = draw(50)
    calibration = fitted(quantiles, truth, torch.ones_like(truth, dtype=torch.bool), levels)
    quantiles, truth = draw(50)
    band = calibration.apply(torch.zeros_like(truth), quantiles, levels)
    covered = ((truth >= band[:, :, 0]) & (truth <= band[:, :, 1])).double().mean(dim=(0, -2, -1))
    deviation = math.sqrt(2 * 0.9 * 0.1 / 5000)  # of a difference of two samples
    assert ((covered - 0.9).abs() < 4 * deviation).all()


@pytest.mark.parametrize("form", ["additive", "multiplicative"])
def test_over_200_repetitions_coverage_of_exchangeable_frames_is_the_claim(form: Form) -> None:
    """Frames of one cell are exchangeable: the mean coverage is k / (n + 1), by the paper's theorem 1, for any n."""
    generator, levels, n, times = torch.Generator().manual_seed(13), (0.05, 0.95), 99, 200
    covered = []
    for _ in range(times):
        scale = 0.5 + torch.rand(2 * n, 1, 1, 1, 1, generator=generator)
        truth = scale * torch.randn(2 * n, 1, 1, 1, 1, generator=generator)
        quantiles = torch.stack([-scale, 0.3 * scale], dim=2)  # too narrow, and lopsided
        scores = ConformityScores(["ozone"], [1], levels, scores=form, floors=[1e-3])
        seen = torch.ones(n, 1, 1, 1, 1).bool()
        scores.update(quantiles=quantiles[:n], truth=truth[:n], valid=seen, time=torch.arange(n))
        calibration = scores.fit()
        assert calibration.frames == ((n,),)
        band = calibration.apply(torch.zeros_like(truth[n:]), quantiles[n:], levels)
        covered.append(((truth[n:] >= band[:, :, 0]) & (truth[n:] <= band[:, :, 1])).double().mean().item())
    deviation = math.sqrt(2 * 0.9 * 0.1 / (n * times))  # of the fit, and of what is scored
    assert abs(np.mean(covered) - 0.9) < 3 * deviation


def test_a_band_that_is_too_wide_shrinks() -> None:
    quantiles, truth, valid = fields(5, 2)
    wide = torch.stack([torch.full_like(truth, -50.0), torch.full_like(truth, 50.0)], dim=2)
    calibration = fitted(wide, truth, valid, (0.05, 0.95))
    assert all(values[0] < -40 for rows in calibration.outward for values in rows)
    band = calibration.apply(torch.zeros_like(truth), wide, (0.05, 0.95))
    assert (band.abs() < 10).all()
    assert quantiles.shape == band.shape


def test_frames_count_issue_times_with_any_valid_cell() -> None:
    quantiles, truth, valid = fields(6, 2)
    valid[4, 1, 0] = False
    scores = ConformityScores(["ozone", "temperature"], [1, 3], (0.05, 0.95))
    scores.update(quantiles=quantiles, truth=truth, valid=valid, time=torch.tensor([3, 3, 5, 5, 6, 7]))
    assert scores.fit().frames == ((4, 4), (3, 4))


def test_nothing_valid_and_a_forecast_that_is_not_finite_are_errors_by_name() -> None:
    quantiles, truth, valid = fields(7, 2)
    valid[:, 1, 0] = False
    with pytest.raises(DataError, match="ozone at horizon 3"):
        fitted(quantiles, truth, valid, (0.05, 0.95))
    with pytest.raises(DataError, match="ozone at horizon 1"):
        ConformityScores(["ozone"], [1], (0.05, 0.95)).fit()
    valid[:] = True
    quantiles[0, 0, 1, 1, 0, 0] = torch.nan
    with pytest.raises(NonFiniteError, match="temperature at horizon 1"):
        fitted(quantiles, truth, valid, (0.05, 0.95))


def test_the_median_alone_needs_no_correction() -> None:
    quantiles, truth, valid = fields(8, 1)
    calibration = fitted(quantiles, truth, valid, (0.5,))
    assert torch.equal(calibration.apply(truth, quantiles, (0.5,)), quantiles)


def test_a_calibration_of_other_levels_or_another_shape_is_refused() -> None:
    quantiles, truth, valid = fields(9, 2)
    calibration = fitted(quantiles, truth, valid, (0.05, 0.95))
    with pytest.raises(CheckFailed, match="levels"):
        calibration.apply(truth, quantiles, (0.1, 0.9))
    with pytest.raises(CheckFailed, match="horizons"):
        calibration.apply(truth[:, :1], quantiles[:, :1], (0.05, 0.95))


def test_levels_are_paired_with_their_mirrors_in_whatever_order_they_come() -> None:
    found = bands((0.9, 0.5, 0.1, 0.2, 0.7))
    assert [(band.lower, band.upper) for band in found] == [(2, 0), (3, None), (None, 4)]
    assert [band.coverage for band in found] == pytest.approx([0.8, 0.8, 0.7])
