"""Paired statistics against scipy, and against all sign flips by brute force."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stq.app.comparison._paired import paired, sign_flip_p, smallest_p


@pytest.mark.parametrize("pairs", [2, 3, 6, 12])
def test_the_interval_is_that_of_a_paired_t_test(pairs: int) -> None:
    random = np.random.default_rng(pairs)
    first, other = random.normal(5, 1, pairs), random.normal(5.3, 1, pairs)
    oracle = stats.ttest_rel(other, first)
    interval = oracle.confidence_interval(0.95)
    found = paired(list(other - first))
    assert (found.mean, found.low, found.high) == pytest.approx(
        (np.mean(other - first), interval.low, interval.high), rel=1e-12
    )
    assert (found.verdict == "within noise") == (oracle.pvalue > 0.05)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=6))
def test_the_permutation_p_is_that_of_all_sign_flips(differences: list[float]) -> None:
    size = sum(map(abs, differences))
    seen = abs(sum(differences))
    flips = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    expected = np.mean([flip >= seen - 1e-12 * size for flip in flips])
    found = sign_flip_p(differences)
    assert found == pytest.approx(expected)
    assert found >= smallest_p(len(differences)) - 1e-15


def test_the_permutation_p_agrees_with_scipy() -> None:
    random = np.random.default_rng(1)
    first, other = random.normal(size=6), random.normal(0.8, size=6)
    oracle = stats.permutation_test(
        (other, first), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip_p(other - first) == pytest.approx(oracle.pvalue)


def test_what_has_no_spread_gets_no_interval() -> None:
    assert paired([0.0, 0.0, 0.0]).verdict == "identical"
    assert (paired([0.3]).verdict, paired([0.3]).low, paired([0.3]).p) == ("undecided", None, 1.0)
    assert (paired([0.1, 0.1, 0.1]).verdict, paired([0.1, 0.1, 0.1]).high) == ("undecided", None)
    assert paired([1.0] * 6).p == smallest_p(6) == 2 / 64
    assert sign_flip_p([0.1] * 21) is None
