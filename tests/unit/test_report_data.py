"""What a report gathers: errors by forecast, cases, maps, width against error, the data card."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
import torch

from stq.app import ReportData
from stq.app.report_data._maps import block_means, choose_cases, map_axes, shown_horizons
from stq.app.report_data._widths import WidthErrors
from stq.data import Grid


def test_errors_by_forecast_add_up_to_the_scores_of_the_split(whole: ReportData) -> None:
    squares = np.square(whole.errors.rmse).mean(axis=0)
    for row in whole.evaluation["scores"]:
        h, c = whole.horizons.index(row["horizon"]), whole.variables.index(row["variable"])
        assert squares[h, c] ** 0.5 == pytest.approx(row["rmse"], rel=1e-6)


def test_maps_show_the_forecasts_whose_error_they_state(whole: ReportData) -> None:
    for found in whole.maps.variables:
        assert [case.kind for case in found.cases] == ["worst", "median", "best"]
        errors = [case.rmse for case in found.cases]
        assert errors == sorted(errors, reverse=True)
        for case in found.cases:
            for frame in case.frames:
                assert np.sqrt(np.nanmean(np.square(frame.error))) == pytest.approx(frame.rmse, rel=1e-4)
                assert frame.width is not None
                assert (frame.width > 0).all()


def test_a_run_without_quantiles_calibration_or_positions_is_gathered(bare: ReportData) -> None:
    assert (bare.band, bare.levels, bare.widths) == (None, (), ())
    assert not bare.evaluation["calibrated"]
    assert not bare.maps.axes.geographic
    frame = bare.maps.variables[0].cases[0].frames[0]
    assert frame.width is None
    assert np.isnan(frame.truth[:2, :3]).all()
    assert np.isfinite(frame.truth[2:]).all()
    assert bare.card.missing[0].overall == pytest.approx(6 / 42)


def test_the_card_tells_the_splits_in_the_order_of_time(whole: ReportData) -> None:
    spans = whole.card.spans
    assert [span.name for span in spans] == ["train", "val", "calibration", "test"]
    assert all(before.last_step < after.first_step for before, after in pairwise(spans))
    assert spans[-1].windows == whole.evaluation["samples"] == len(whole.errors.issued)


def test_everything_that_is_gathered_is_a_value(whole: ReportData) -> None:
    assert not [
        f.name for f in fields(ReportData) if isinstance(getattr(whole, f.name), torch.Tensor | torch.nn.Module)
    ]


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ([3.0, 1.0, 2.0], {"worst": 0, "median": 2, "best": 1}),
        ([3.0, np.nan, 1.0], {"worst": 0, "best": 2}),
        ([np.nan, 2.0], {"only": 1}),
        ([np.nan], {}),
    ],
)
def test_each_case_is_chosen_once_among_the_forecasts_that_can_be_scored(
    scores: list[float], chosen: dict[str, int]
) -> None:
    assert choose_cases(np.array(scores)) == chosen


def test_blocks_are_means_over_known_cells() -> None:
    field = np.arange(12.0).reshape(3, 4)
    field[0, 0] = field[2, 2] = field[2, 3] = np.nan
    assert block_means(field, 2) == pytest.approx(np.array([[10 / 3, 4.5], [8.5, np.nan]]), nan_ok=True)


def test_many_horizons_are_thinned_from_the_first_to_the_last() -> None:
    assert shown_horizons((1, 2, 3)) == [0, 1, 2]
    shown = shown_horizons(tuple(range(1, 49)))
    assert (shown[0], shown[-1], len(shown)) == (0, 47, 12)


def test_degrees_stand_at_the_axes_only_where_rows_are_parallels() -> None:
    lat, lon = np.meshgrid([50.0, 45.0, 40.0], [355.0, 0.0, 5.0, 10.0], indexing="ij")
    straight = map_axes(Grid((3, 4), lat=lat, lon=lon), 1)
    assert straight.geographic
    assert straight.x.tolist() == [355.0, 360.0, 365.0, 370.0]
    tilted = map_axes(Grid((3, 4), lat=lat + np.arange(4) * 0.3, lon=lon), 2)
    assert not tilted.geographic
    assert (tilted.y.tolist(), tilted.x.tolist()) == ([0.5, 2.0], [0.5, 2.5])


def test_width_against_error_recovers_errors_that_grow_with_the_band() -> None:
    """Normal errors whose deviation is the width over 2 * 1.96: each bin's RMSE is what its width says."""
    generator = torch.Generator().manual_seed(0)
    width = 1 + 9 * torch.rand(4, 1, 1, 200, 250, generator=generator)
    error = torch.randn(width.shape, generator=generator) * width / 3.919928
    valid = torch.rand(width.shape, generator=generator) > 0.1
    pairs = WidthErrors(("air",), ("K",), (1,))
    for part in range(4):
        one = slice(part, part + 1)
        pairs.update(width[one], error[one], valid[one])
    (curve,) = pairs.curves((0.025, 0.975))
    assert sum(part.cells for part in curve.bins) == int(valid.sum())
    assert len(curve.bins) == 10
    for part in curve.bins:
        assert 0.07 < part.cells / int(valid.sum()) < 0.13
        assert part.rmse == pytest.approx(part.normal_rmse, rel=0.05)
    assert sum(p.width * p.cells for p in curve.bins) == pytest.approx(float(width[valid].double().sum()), rel=1e-6)
