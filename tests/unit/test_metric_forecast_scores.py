"""The score table against the field's own packages, and what it says where a score is not defined."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray
from scores.continuous import interval_score, mae, quantile_interval_score, quantile_score, rmse
from skimage.metrics import structural_similarity as skimages_similarity
from support.scored_fields import LEVELS, ScoredFields, score_all, scored_fields
from torch import Tensor

from stq.errors import DataError, NonFiniteError
from stq.metrics import ForecastScores, Score

KEYS = {"variable", "horizon", "units", "n", "rmse", "mae", "bias", "ssim", "rmse_persistence", "rmse_climatology"}
KEYS |= {"skill_persistence", "skill_climatology", "coverage", "coverage_raw", "width", "width_raw", "interval_score"}
KEYS |= {"crps", "pinball", "crossing_rate", "frames", "intervals"}


def array(field: Tensor) -> xarray.DataArray:
    return xarray.DataArray(field.double().numpy(), dims=("sample", "row", "column"))


def cell(given: ScoredFields, name: str, h: int, c: int, q: int | None = None) -> xarray.DataArray:
    field = getattr(given, name)
    return array(field[:, h, c] if q is None else field[:, h, q, c])


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_those_of_the_package_scores(weighted: bool) -> None:
    given = scored_fields(weighted=weighted)
    weights = array(given.weight) if given.weight is not None else None
    found = iter(score_all(given))
    for c, variable in enumerate(("ozone", "temperature")):
        for h, horizon in enumerate((1, 3)):
            score = next(found)
            assert (score.variable, score.horizon, score.units) == (variable, horizon, ["DU", "K"][c])
            truth = cell(given, "truth", h, c)
            for name, field in (("rmse", "central"), ("rmse_persistence", "persistence")):
                assert getattr(score, name) == pytest.approx(
                    float(rmse(cell(given, field, h, c), truth, weights=weights))
                )
            normal = cell(given, "climatology", h, c)
            assert score.rmse_climatology == pytest.approx(float(rmse(normal, truth, weights=weights)))
            assert score.mae == pytest.approx(float(mae(cell(given, "central", h, c), truth, weights=weights)))
            for q, level in enumerate(LEVELS):
                expected = quantile_score(cell(given, "quantiles", h, c, q), truth, level, weights=weights)
                assert score.pinball[str(level)] == pytest.approx(float(expected))
            for interval, (low, up) in zip(score.intervals, ((0, 4), (1, 3)), strict=True):
                band = cell(given, "quantiles", h, c, low), cell(given, "quantiles", h, c, up)
                expected = interval_score(*band, truth, LEVELS[up] - LEVELS[low], weights=weights)
                assert interval.interval_score == pytest.approx(float(expected["total"]))
                assert interval.width == pytest.approx(float(expected["interval_width_penalty"]))


def test_coverage_width_and_bias_are_plain_means_over_valid_cells() -> None:
    given = scored_fields()
    score = score_all(given)[3]
    valid = given.valid[:, 1, 1]
    truth = given.truth[:, 1, 1][valid].double()
    assert score.n == valid.sum()
    assert score.bias == pytest.approx((given.central[:, 1, 1][valid].double() - truth).mean().item())
    for suffix, band in (("", given.quantiles), ("_raw", given.quantiles_raw)):
        assert band is not None
        lower, upper = (band[:, 1, q, 1][valid].double() for q in (0, 4))
        covered = ((truth >= lower) & (truth <= upper)).double().mean().item()
        assert getattr(score, "coverage" + suffix) == pytest.approx(covered)
        assert getattr(score, "width" + suffix) == pytest.approx((upper - lower).mean().item())
    assert score.coverage == score.intervals[0].coverage
    assert score.interval_score == score.intervals[0].interval_score
    assert [(i.lower, i.upper, i.expected) for i in score.intervals] == [(0.025, 0.975, 0.95), (0.1, 0.9, 0.8)]


def test_the_ends_of_a_band_belong_to_it() -> None:
    given = scored_fields(gaps=0.0)
    at_ends = torch.stack([given.truth, *[given.truth] * 4], dim=2)
    assert all(score.coverage == 1.0 for score in score_all(replace(given, quantiles=at_ends)))


def test_skill_is_one_minus_the_ratio_of_errors() -> None:
    for score in score_all(scored_fields()):
        assert score.skill_persistence == 1 - score.rmse / score.rmse_persistence
        assert score.skill_climatology == 1 - score.rmse / score.rmse_climatology


def test_no_skill_is_claimed_against_a_baseline_without_error() -> None:
    given = scored_fields(gaps=0.0)
    score = score_all(replace(given, persistence=given.truth))[0]
    assert score.rmse_persistence == 0
    assert score.skill_persistence is None


def test_similarity_is_that_of_skimage_over_windows_without_gaps() -> None:
    given = scored_fields(size=(16, 19), gaps=0.0)
    valid = given.valid.clone()
    valid[:, :, :, 2, 3] = False
    truth = torch.where(valid, given.truth, torch.nan)
    score = score_all(replace(given, valid=valid, truth=truth))[1]
    expected = []
    for sample in range(4):
        normal = given.climatology[sample, 1, 0].double()
        fields = [(field[sample, 1, 0].double() - normal + 2.5).numpy() for field in (given.truth, given.central)]
        _, similarity = skimages_similarity(
            *fields, data_range=6.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
        )
        whole = np.ones((6, 9), dtype=bool)
        whole[:3, :4] = False  # the windows that hold the gap, by their corner
        expected.append(similarity[5:-5, 5:-5][whole])
    assert score.ssim == pytest.approx(np.mean(expected))


def test_anomalies_of_the_opposite_sign_are_not_similar() -> None:
    given = scored_fields(size=(16, 19), gaps=0.0)
    truth = given.climatology + 1.0 + (given.truth - 280)
    opposite = 2 * given.climatology - truth
    scores = score_all(replace(given, truth=truth, central=opposite))
    assert all(score.ssim is not None and score.ssim < 0 for score in scores)


@pytest.mark.parametrize(("size", "gaps"), [((10, 30), 0.0), ((16, 16), 0.5)])
def test_similarity_is_none_without_one_whole_window(size: tuple[int, int], gaps: float) -> None:
    assert all(score.ssim is None for score in score_all(scored_fields(size=size, gaps=gaps)))


def test_a_perfect_forecast_scores_perfectly() -> None:
    given = scored_fields(gaps=0.0)
    exact = torch.stack([given.truth] * 5, dim=2)
    for score in score_all(replace(given, central=given.truth, quantiles=exact, quantiles_raw=exact)):
        assert score.rmse == score.mae == score.bias == score.crps == score.interval_score == 0
        assert score.ssim == pytest.approx(1)
        assert score.skill_persistence == 1
        assert score.crossing_rate == 0


def test_crossing_counts_cells_where_any_neighbours_are_out_of_order() -> None:
    given = scored_fields(gaps=0.0, weighted=True)
    assert given.quantiles_raw is not None
    crossing = given.quantiles_raw.clone()
    crossing[0, 0, 2, 0] = crossing[0, 0, 4, 0] + 1  # the median above all others, in one of four samples
    equal = torch.stack([given.central] * 5, dim=2)
    scores = score_all(replace(given, quantiles=equal, quantiles_raw=crossing))
    assert [score.crossing_rate for score in scores] == [0, 0, 0, 0]
    assert [score.crossing_rate_raw for score in scores] == [0.25, 0, 0, 0]


def test_uncalibrated_quantiles_are_their_own_raw_ones() -> None:
    for score in score_all(replace(scored_fields(), quantiles_raw=None)):
        assert score.coverage_raw == score.coverage
        assert score.width_raw == score.width


def test_without_quantiles_their_scores_are_none() -> None:
    for score in score_all(scored_fields(quantiles=False), levels=()):
        document = score.to_dict()
        assert document["pinball"] == {}
        assert document["intervals"] == []
        names = ("coverage", "coverage_raw", "width", "width_raw", "interval_score", "crps", "crossing_rate")
        assert all(document[name] is None for name in names)


def test_fewer_than_five_levels_have_no_crps() -> None:
    given = scored_fields()
    assert given.quantiles is not None
    few = replace(given, quantiles=given.quantiles[:, :, 1:], quantiles_raw=None)
    assert all(score.crps is None for score in score_all(few, levels=LEVELS[1:]))
    assert all(score.crps is not None for score in score_all(given))


def test_levels_on_one_side_make_no_interval() -> None:
    given = scored_fields()
    assert given.quantiles is not None
    low = replace(given, quantiles=given.quantiles[:, :, :2], quantiles_raw=None)
    for score in score_all(low, levels=(0.025, 0.1)):
        assert score.coverage is None
        assert score.intervals == ()
        assert set(score.pinball) == {"0.025", "0.1"}


def test_an_unequal_interval_has_its_proper_score() -> None:
    given = scored_fields(gaps=0.0)
    assert given.quantiles is not None
    pair = replace(given, quantiles=given.quantiles[:, :, [1, 4]], quantiles_raw=None)
    for score, (h, c) in zip(score_all(pair, levels=(0.1, 0.975)), ((0, 0), (1, 0), (0, 1), (1, 1)), strict=True):
        band = cell(given, "quantiles", h, c, 1), cell(given, "quantiles", h, c, 4)
        expected = quantile_interval_score(*band, cell(given, "truth", h, c), 0.1, 0.975)
        assert score.interval_score == pytest.approx(float(expected["total"]))


def test_frames_are_distinct_issue_times_with_any_valid_cell() -> None:
    given = scored_fields(samples=5)
    valid = given.valid.clone()
    valid[3, 0, 1] = False
    patches = replace(given, valid=valid, time=torch.tensor([4, 4, 9, 10, 9]))
    frames = {(score.variable, score.horizon): score.frames for score in score_all(patches, patches)}
    assert frames == {("ozone", 1): 3, ("ozone", 3): 3, ("temperature", 1): 2, ("temperature", 3): 3}


def test_rows_have_the_documented_keys_and_are_strict_json() -> None:
    for score in score_all(scored_fields()):
        document = score.to_dict()
        assert set(document) >= KEYS
        assert json.loads(json.dumps(document, allow_nan=False)) == json.loads(json.dumps(document))
        assert list(document["pinball"]) == ["0.025", "0.1", "0.5", "0.9", "0.975"]


def test_nothing_valid_is_an_error_that_names_variable_and_horizon() -> None:
    given = scored_fields()
    valid = given.valid.clone()
    valid[:, 1, 0] = False
    with pytest.raises(DataError, match="ozone at horizon 3"):
        score_all(replace(given, valid=valid))
    with pytest.raises(DataError, match="not one window"):
        score_all()


@pytest.mark.parametrize("name", ["central", "quantiles", "quantiles_raw"])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_forecast_that_is_not_finite_is_an_error_by_name(name: str, value: float) -> None:
    given = scored_fields(gaps=0.0)
    broken = getattr(given, name).clone()
    broken[1, 1, ..., 1, 3, 3] = value
    with pytest.raises(NonFiniteError, match="temperature at horizon 3"):
        score_all(replace(given, **{name: broken}))


def test_a_baseline_that_is_not_finite_is_an_error_by_name() -> None:
    given = scored_fields(gaps=0.0)
    broken = given.persistence.clone()
    broken[0, 0, 0, 0, 0] = torch.nan
    with pytest.raises(DataError, match="ozone at horizon 1"):
        score_all(replace(given, persistence=broken))


def test_scores_keep_double_precision_for_large_offsets() -> None:
    scores = ForecastScores(["height"], [1])
    zeros = torch.zeros(1, 1, 1, 4, 4)
    for time in range(50):
        scores.update(
            central=zeros + 1e6 + 0.25,
            truth=zeros + 1e6,
            valid=zeros == 0,
            persistence=zeros,
            climatology=zeros,
            time=torch.tensor([time]),
        )
    (score,) = scores.half().compute()
    assert isinstance(score, Score)
    assert score.rmse == 0.25
    assert score.ssim is None
    assert score.n == 800


def test_a_variable_that_never_varied_has_no_ssim_and_no_score_is_nan() -> None:
    still = torch.ones(4, 1, 1, 16, 16)
    scores = ForecastScores(["air"], [1], anomaly_range=(torch.zeros(1), torch.zeros(1)), size=(16, 16))
    scores.update(
        central=1.1 * still,
        truth=still,
        valid=still > 0,
        persistence=still,
        climatology=still,
        time=torch.arange(4),
    )
    (score,) = scores.compute()
    assert (score.ssim, score.acc, score.skill_persistence) == (None, None, None)
    assert "NaN" not in json.dumps(score.to_dict())
