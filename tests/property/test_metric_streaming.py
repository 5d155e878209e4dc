"""Scores don't depend on how cells come: in which batches, in what order, masked or left out."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.flat_numbers import flat
from support.scored_fields import ScoredFields, score_all, scored_fields

from stq.metrics import Score

SEEDS = st.integers(0, 2**31)


def assert_same(found: tuple[Score, ...], expected: tuple[Score, ...], *but: str) -> None:
    for one, other in zip(found, expected, strict=True):
        a, b = (flat({key: v for key, v in score.to_dict().items() if key not in but}) for score in (one, other))
        assert a.keys() == b.keys()
        for name, value in a.items():
            wanted = pytest.approx(b[name], rel=1e-9, abs=1e-12) if isinstance(b[name], float) else b[name]
            assert value == wanted, name


@settings(max_examples=10)
@given(seed=SEEDS, cut=st.integers(1, 4), weighted=st.booleans())
def test_streaming_equals_one_shot_in_any_order(seed: int, cut: int, weighted: bool) -> None:
    fields = scored_fields(seed, samples=5, weighted=weighted)
    order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
    assert_same(score_all(fields.samples(order[cut:]), fields.samples(order[:cut])), score_all(fields))


@settings(max_examples=10)
@given(seed=SEEDS, weighted=st.booleans(), rubbish=st.sampled_from([torch.nan, torch.inf, 1e30]))
def test_masked_cells_count_no_more_than_cells_left_out(seed: int, weighted: bool, rubbish: float) -> None:
    fields = scored_fields(seed, samples=2, gaps=0.0, weighted=weighted)
    hole = torch.zeros(14, dtype=torch.bool)
    hole[[0, 5, 6]] = True  # whole columns, so that what is left is a field again

    def spoil(field: torch.Tensor | None) -> torch.Tensor | None:
        return None if field is None else torch.where(hole, torch.tensor(rubbish), field)

    masked = replace(
        fields,
        **{name: spoil(getattr(fields, name)) for name in ("central", "truth", "persistence", "climatology")},
        quantiles=spoil(fields.quantiles),
        quantiles_raw=spoil(fields.quantiles_raw),
        valid=fields.valid & ~hole,
    )
    parts = {name: part[..., ~hole] for name, part in vars(fields).items() if part is not None and name != "time"}
    assert_same(score_all(masked), score_all(replace(fields, **parts)), "ssim")


@settings(max_examples=10)
@given(seed=SEEDS)
def test_a_weight_counts_as_so_many_equal_cells(seed: int) -> None:
    fields = scored_fields(seed, samples=2)
    times = torch.randint(1, 4, (14,), generator=torch.Generator().manual_seed(seed))
    weighted = replace(fields, weight=times.float().expand(2, 13, 14))

    def repeated(part: torch.Tensor) -> torch.Tensor:
        return part.repeat_interleave(times, dim=-1)

    parts = {name: repeated(part) for name, part in vars(fields).items() if part is not None and name != "time"}
    assert_same(
        score_all(weighted), score_all(replace(fields, **parts)), "ssim", "n", "crossing_rate", "crossing_rate_raw"
    )


@settings(max_examples=10)
@given(seed=SEEDS, scale=st.floats(0.1, 10), shift=st.floats(-100, 100))
def test_scores_follow_a_change_of_units(seed: int, scale: float, shift: float) -> None:
    fields = scored_fields(seed, samples=2)
    names = ("central", "truth", "persistence", "climatology", "quantiles", "quantiles_raw")
    other = replace(fields, **{name: getattr(fields, name).double() * scale + shift for name in names})
    for one, two in zip(score_all(fields), score_all(other), strict=True):
        assert two.rmse == pytest.approx(scale * one.rmse)
        assert two.bias == pytest.approx(scale * one.bias)
        assert two.interval_score == pytest.approx(scale * (one.interval_score or 0))
        assert two.coverage == pytest.approx(one.coverage, abs=2 / one.n)
        assert two.skill_climatology == pytest.approx(one.skill_climatology)


def test_the_support_fields_have_gaps_and_weights() -> None:
    fields: ScoredFields = scored_fields(weighted=True)
    assert fields.weight is not None
    assert 0 < (~fields.valid).sum() < fields.valid.sum()
