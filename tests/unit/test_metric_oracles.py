"""The scores beyond errors and intervals against other packages, on random fields with gaps, to 1e-6."""

from dataclasses import fields as fields_of
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray
from scipy import fft as scipys
from scores.categorical import BinaryContingencyManager
from scores.processing import discretise
from scores.spatial import fss_2d
from scoringrules import crps_quantile
from scoringrules import quantile_score as scoringrules_pinball
from support.scored_fields import LEVELS, ScoredFields, scored_fields
from torch import Tensor

from stq.metrics import BaselineForecast, ForecastScores, Score, ScoreOptions, power_spectrum, wavenumbers

THRESHOLDS = {"ozone": (279.5, 280.7), "temperature": (280.2,)}
VARIABLES, HORIZONS = ("ozone", "temperature"), (1, 3)
ROWS = [(c, h) for c in range(2) for h in range(2)]


def scored(given: ScoredFields, **more: object) -> tuple[Score, ...]:
    names = {"size": (13, 14), "options": ScoreOptions(THRESHOLDS, (3, 5, 40), repetitions=0), **more}
    scores = ForecastScores(VARIABLES, HORIZONS, LEVELS, **names)
    scores.update(**{field.name: getattr(given, field.name) for field in fields_of(given)})
    return scores.compute()


def array(field: Tensor) -> xarray.DataArray:
    return xarray.DataArray(field.double().numpy(), dims=("sample", "row", "column"))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_anomaly_correlation_is_uncentred(weighted: bool) -> None:
    """numpy's is centred: it is given each anomaly with its opposite, whose mean is zero."""
    given = scored_fields(weighted=weighted)
    for (c, h), score in zip(ROWS, scored(given), strict=True):
        valid = given.valid[:, h, c]
        normal = given.climatology[:, h, c].double()
        pair = [(field[:, h, c].double() - normal)[valid].numpy() for field in (given.central, given.truth)]
        weight = torch.ones(valid.shape) if given.weight is None else given.weight
        both = [np.concatenate([each, -each]) for each in pair]
        covariance = np.cov(*both, aweights=np.tile(weight[valid].double().numpy(), 2))
        assert score.acc == pytest.approx(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]), abs=1e-6)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_the_fractions_skill_score_is_that_of_the_package_scores(gaps: float) -> None:
    """Which takes NaN for no event."""
    given = scored_fields(gaps=gaps)
    for (c, h), score in zip(ROWS, scored(given), strict=True):
        valid = given.valid[:, h, c]
        forecast, truth = (
            array(torch.where(valid, field[:, h, c], torch.nan)) for field in (given.central, given.truth)
        )
        found = {(each.threshold, each.scale): each.value for each in score.fss}
        assert len(found) == 3 * len(THRESHOLDS[score.variable])
        for threshold in THRESHOLDS[score.variable]:
            assert found[threshold, 40] is None  # larger than the field
            for scale in (3, 5):
                expected = fss_2d(
                    forecast,
                    truth,
                    event_threshold=threshold,
                    window_size=(scale, scale),
                    spatial_dims=("row", "column"),
                    reduce_dims="all",
                    threshold_operator=np.greater_equal,
                )
                assert found[threshold, scale] == pytest.approx(float(expected), abs=1e-6)


def test_neighbourhoods_count_by_the_mean_area_of_their_cells() -> None:
    given = scored_fields(weighted=True)
    assert given.weight is not None
    score = scored(given)[0]
    f, y = (((field[:, 0, 0] >= 279.5) & given.valid[:, 0, 0]).double() for field in (given.central, given.truth))
    means = [each.unfold(1, 5, 1).unfold(2, 5, 1).mean(dim=(-2, -1)) for each in (f, y, given.weight.double())]
    unlike = (means[2] * (means[0] - means[1]) ** 2).sum() / (means[2] * (means[0] ** 2 + means[1] ** 2)).sum()
    assert score.fss[1].value == pytest.approx(1 - float(unlike), abs=1e-6)


def test_the_critical_success_index_is_that_of_the_package_scores() -> None:
    given = scored_fields(gaps=0.2)
    for (c, h), score in zip(ROWS, scored(given), strict=True):
        for threshold, found in zip(THRESHOLDS[score.variable], score.csi, strict=True):
            events = [
                discretise.comparative_discretise(
                    array(torch.where(given.valid[:, h, c], field[:, h, c], torch.nan)), threshold, ">="
                )
                for field in (given.central, given.truth)
            ]
            manager = BinaryContingencyManager(*events)
            assert found.threshold == threshold
            expected = float(manager.transform().critical_success_index())
            assert found.value == pytest.approx(expected, abs=1e-6)


def test_events_that_never_happen_have_no_score() -> None:
    never = ScoreOptions({"ozone": (1e6,)}, (3,), repetitions=0)
    ozone, *_, temperature = scored(scored_fields(), options=never)
    assert (ozone.csi[0].value, ozone.fss[0].value) == (None, None)
    assert temperature.csi == temperature.fss == ()


def test_pinball_and_crps_are_those_of_scoringrules() -> None:
    """Its integral is over the levels alone; with 0 and 1 added, whose losses are 0, it is ours."""
    given = scored_fields()
    assert given.quantiles is not None
    for (c, h), score in zip(ROWS, scored(given), strict=True):
        valid = given.valid[:, h, c].numpy()
        truth = given.truth[:, h, c].double().numpy()[valid]
        quantiles = [given.quantiles[:, h, q, c].double().numpy()[valid] for q in range(5)]
        losses = [scoringrules_pinball(truth, q, level).mean() for q, level in zip(quantiles, LEVELS, strict=True)]
        assert list(score.pinball.values()) == pytest.approx(losses, abs=1e-6)
        integral = 2 * np.trapezoid([0, *losses, 0], [0, *LEVELS, 1])
        assert score.crps == pytest.approx(integral, abs=1e-6)
        mean = crps_quantile(truth, np.stack(quantiles, axis=-1), np.array(LEVELS)).mean()
        assert 2 * np.mean(losses) == pytest.approx(mean, abs=1e-6)  # its rule: all levels count alike


@pytest.mark.parametrize("weighted", [False, True])
def test_pit_and_reliability_are_histograms_of_where_the_truth_lies(weighted: bool) -> None:
    given = scored_fields(weighted=weighted)
    for (c, h), score in zip(ROWS, scored(given), strict=True):
        valid = given.valid[:, h, c].numpy()
        weight = (torch.ones(4, 13, 14) if given.weight is None else given.weight).double().numpy()[valid]
        truth = given.truth[:, h, c].double().numpy()[valid]
        for quantiles, shares in ((given.quantiles, score.reliability), (given.quantiles_raw, score.reliability_raw)):
            assert quantiles is not None
            below = [truth <= quantiles[:, h, q, c].double().numpy()[valid] for q in range(5)]
            assert list(shares) == [str(level) for level in LEVELS]
            assert list(shares.values()) == pytest.approx(
                [np.average(each, weights=weight) for each in below], abs=1e-6
            )
        rank = sum(truth > given.quantiles[:, h, q, c].double().numpy()[valid] for q in range(5))
        expected = np.histogram(rank, bins=np.arange(7) - 0.5, weights=weight)[0] / weight.sum()
        assert score.pit is not None
        assert score.pit.edges == (0, *LEVELS, 1)
        assert score.pit.share == pytest.approx(expected, abs=1e-6)
        assert sum(score.pit.share) == pytest.approx(1)


def scipys_spectrum(field: np.ndarray) -> np.ndarray:
    """By scipy's transform, one coefficient at a time."""
    rows, columns = field.shape
    window = np.outer(*(np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in field.shape))
    power = np.abs(scipys.fft2(field * window)) ** 2 / (window**2).sum()
    found: dict[int, list[float]] = {}
    for m in range(rows):
        for n in range(columns):
            wave = np.hypot(min(m, rows - m) / rows, min(n, columns - n) / columns) * min(rows, columns)
            found.setdefault(round(wave), []).append(power[m, n])
    return np.array([np.mean(found[k]) for k in range(1, min(rows, columns) // 2 + 1)])


def test_spectra_are_those_of_anomalies_with_zeros_for_missing_cells() -> None:
    given = scored_fields(gaps=0.2)
    for (c, h), score in zip(ROWS, scored(given), strict=True):
        assert score.spectrum is not None
        assert score.spectrum.wavenumber == wavenumbers((13, 14)) == (1, 2, 3, 4, 5, 6)
        means = []
        for field in (given.central, given.truth):
            anomalies = (field[:, h, c].double() - given.climatology[:, h, c].double()).where(given.valid[:, h, c], 0.0)
            means.append(np.mean([scipys_spectrum(frame.numpy()) for frame in anomalies], axis=0))
        assert score.spectrum.forecast == pytest.approx(means[0], abs=1e-6)
        assert score.spectrum.truth == pytest.approx(means[1], abs=1e-6)
        assert score.spectrum.ratio == pytest.approx(means[0] / means[1], abs=1e-6)


def test_a_smoothed_forecast_keeps_large_scales_and_loses_small_ones() -> None:
    field = torch.randn(40, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert power_spectrum(field).mean(dim=0) == pytest.approx(1.0, abs=0.25)  # white noise: its variance
    smooth = torch.nn.functional.avg_pool2d(field, 3, stride=1, padding=1)
    ratio = power_spectrum(smooth).mean(dim=0) / power_spectrum(field).mean(dim=0)
    assert ratio[0] > 0.85
    assert ratio[-1] < 0.2


def test_fields_too_small_have_no_spectrum() -> None:
    small = scored_fields(size=(7, 30))
    assert all(score.spectrum is None for score in scored(small, size=(7, 30)))


def test_a_baseline_is_scored_as_the_forecast_is() -> None:
    """The forecast given as a baseline of itself has its scores, and one without a band has none of a band."""
    given = scored_fields(weighted=True)
    mapping = {"itself": BaselineForecast(given.central, given.quantiles), "bare": BaselineForecast(given.persistence)}
    scores = ForecastScores(VARIABLES, HORIZONS, LEVELS, baselines=("itself", "bare"))
    scores.update(**{field.name: getattr(given, field.name) for field in fields_of(given)}, baselines=mapping)
    for score in scores.compute():
        twin, bare = score.baselines["itself"], score.baselines["bare"]
        assert twin.skill == 0
        for name in ("rmse", "mae", "coverage", "width", "interval_score", "crps", "pinball"):
            assert getattr(twin, name) == pytest.approx(getattr(score, name))
        assert (bare.rmse, bare.skill) == pytest.approx((score.rmse_persistence, score.skill_persistence))
        assert (bare.coverage, bare.width, bare.interval_score, bare.crps, dict(bare.pinball)) == (None,) * 4 + ({},)
        assert set(score.interval95) >= {"skill_itself", "skill_bare", "skill_persistence", "rmse", "coverage", "crps"}


def test_strata_are_scored_on_their_own_cells_alone() -> None:
    given = scored_fields(weighted=True)
    index = torch.randint(-1, 2, (4, 2, 13, 14), generator=torch.Generator().manual_seed(3))
    scores = ForecastScores(VARIABLES, HORIZONS, LEVELS, strata={"stratum": ("land", "sea", "ice")})
    scores.update(**{field.name: getattr(given, field.name) for field in fields_of(given)}, strata={"stratum": index})
    found = {(row.variable, row.horizon, row.name): row for row in scores.compute_strata()}
    assert {name for *_, name in found} == {"land", "sea"}
    for k, name in enumerate(("land", "sea")):
        alone = scored(replace(given, valid=given.valid & (index == k).unsqueeze(2)))
        for score in alone:
            row = found[score.variable, score.horizon, name].to_dict()
            assert (row.pop("kind"), row.pop("name")) == ("stratum", name)
            for key, value in row.items():
                assert value == (
                    pytest.approx(getattr(score, key)) if isinstance(value, float) else getattr(score, key)
                )
