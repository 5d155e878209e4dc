"""A sketch is exact for few values, within its bound for many, and the same in whatever order and parts they come."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from stq.calibration import QuantileSketch, conformal_quantile
from stq.errors import DataError, NonFiniteError

KINDS = st.sampled_from(["normal", "heavy", "one-sided", "few values", "outliers", "tiny", "huge"])
SHARES = (0.0, 0.001, 0.025, 0.5, 0.9, 0.975, 0.999, 1.0)


def drawn(kind: str, seed: int, n: int) -> Tensor:
    """Values of a kind that a histogram might stumble over."""
    random = np.random.default_rng(seed)
    values = random.normal(size=n)
    values = {
        "normal": values,
        "heavy": random.standard_cauchy(size=n),
        "one-sided": np.exp(3 * values),
        "few values": np.round(values),
        "outliers": np.where(random.random(n) < 0.01, 1e30 * values, values),
        "tiny": 1e-280 * values,
        "huge": 1e300 * values,
    }[kind]
    return torch.from_numpy(values)


def sketch_of(*parts: Tensor, capacity: int = 64, weights: Tensor | None = None) -> QuantileSketch:
    sketch, at = QuantileSketch(capacity), 0
    for part in parts:
        sketch.update(part, None if weights is None else weights[at : at + len(part)])
        at += len(part)
    return sketch


@settings(max_examples=60)
@given(kind=KINDS, seed=st.integers(0, 2**31), n=st.integers(1, 64), weighted=st.booleans())
def test_few_values_give_the_exact_quantile(kind: str, seed: int, n: int, weighted: bool) -> None:
    values = drawn(kind, seed, n)
    weights = torch.rand(n, generator=torch.Generator().manual_seed(seed)).double() + 0.1 if weighted else torch.ones(n)
    sketch = sketch_of(*values.split(7), weights=weights)
    assert sketch.step == 0
    assert sketch.n == n
    for share in SHARES[1:-1]:
        exact = np.quantile(values.numpy(), share, method="inverted_cdf", weights=weights.numpy())
        assert sketch.quantile(share) == exact
    assert (sketch.quantile(0), sketch.quantile(1)) == (values.min(), values.max())


@settings(max_examples=60)
@given(kind=KINDS, seed=st.integers(0, 2**31), n=st.integers(65, 3000))
def test_many_values_give_no_less_than_the_exact_quantile_and_less_than_a_step_more(
    kind: str, seed: int, n: int
) -> None:
    values, capacity = drawn(kind, seed, n), 64
    sketch = sketch_of(*values.split(100), capacity=capacity)
    for share in SHARES[1:]:
        error = sketch.quantile(share) - np.quantile(values.numpy(), share, method="inverted_cdf")
        assert error == 0 or 0 < error < sketch.step
    different = values.unique()  # ascending
    outermost = min(capacity // 2, len(different) - 1)
    spread = float(different[len(different) - 1 - outermost // 2] - different[outermost - outermost // 2])
    assert sketch.step <= 2 * spread / (capacity - outermost - 2)
    assert sketch.weight == pytest.approx(n)


@settings(max_examples=60)
@given(kind=KINDS, seed=st.integers(0, 2**31), n=st.integers(1, 2000), cut=st.integers(0, 2000))
def test_parts_merged_and_any_order_are_one_sketch(kind: str, seed: int, n: int, cut: int) -> None:
    values = drawn(kind, seed, n)
    whole = sketch_of(values)
    merged, other = sketch_of(*values[:cut].split(33)), sketch_of(values[cut:].flip(0))
    kept = [other.quantile(share) for share in SHARES] if other.n else []
    merged.merge(other)
    shuffled = sketch_of(*values[torch.randperm(n, generator=torch.Generator().manual_seed(seed))].split(50))
    for sketch in (merged, shuffled):
        assert (sketch.n, sketch.step, sketch.weight) == (whole.n, whole.step, whole.weight)
        assert [sketch.quantile(share) for share in SHARES] == [whole.quantile(share) for share in SHARES]
    assert kept == ([other.quantile(share) for share in SHARES] if other.n else [])


@settings(max_examples=30)
@given(kind=KINDS, seed=st.integers(0, 2**31), shares=st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_quantiles_ascend_with_the_share(kind: str, seed: int, shares: list[float]) -> None:
    sketch = sketch_of(drawn(kind, seed, 500))
    found = [sketch.quantile(share) for share in sorted(shares)]
    assert found == sorted(found)


def test_memory_does_not_grow_and_three_million_values_are_told_apart_finely() -> None:
    """`torch.quantile` refuses more than 2^24 values; a sketch does not care."""
    generator, sketch, exact = torch.Generator().manual_seed(0), QuantileSketch(), []
    for _ in range(30):
        part = torch.randn(100_000, generator=generator)
        sketch.update(part)
        exact.append(part)
    values = torch.cat(exact).numpy()
    assert sketch.step < 2e-4  # in deviations; the error of a quantile that 1000 frames leave is 0.1
    for share in (0.025, 0.5, 0.975):
        assert 0 <= sketch.quantile(share) - np.quantile(values, share, method="inverted_cdf") < sketch.step
    assert len(sketch._values) <= sketch.capacity


def test_a_few_outliers_cost_no_resolution() -> None:
    values = drawn("normal", 0, 20_000)
    far = torch.cat([values, torch.tensor([1e30, -1e25, 1e300], dtype=torch.float64)])
    assert sketch_of(far, capacity=1024).step == sketch_of(values, capacity=1024).step


def test_the_conformal_rank_is_that_of_n_plus_one() -> None:
    values = torch.arange(1.0, 100.0)
    assert conformal_quantile(values, torch.ones(99), 0.9) == 90
    assert conformal_quantile(values[:5], torch.ones(5), 0.9) == 5


def test_what_makes_no_quantile_is_refused() -> None:
    sketch = QuantileSketch()
    with pytest.raises(DataError, match="no values"):
        sketch.quantile(0.5)
    for bad in (torch.nan, torch.inf):
        with pytest.raises(NonFiniteError):
            sketch.update(torch.tensor([1.0, bad]))
    with pytest.raises(DataError, match="weights"):
        sketch.update(torch.ones(2), torch.tensor([1.0, -1.0]))
    with pytest.raises(ValueError, match="capacity"):
        QuantileSketch(2)
    with pytest.raises(ValueError, match="capacity"):
        sketch.merge(QuantileSketch(100))


@pytest.mark.parametrize("capacity", [16, 100])
def test_it_is_exact_up_to_its_capacity_and_no_further(capacity):
    sketch = QuantileSketch(capacity)
    sketch.update(torch.arange(capacity) / 3)
    assert sketch.step == 0
    sketch.update(torch.tensor([1000.0]))
    assert sketch.step > 0
    with pytest.raises(ValueError, match="at least 16, found 15"):
        QuantileSketch(15)


def test_no_more_waits_than_a_sketch_holds_however_little_comes_at_once():
    sketch = QuantileSketch(16)
    for number in range(500):
        sketch.update(torch.tensor([float(number)]))
        assert len(sketch._values) <= 16
        assert sum(len(values) for values, _ in sketch._waiting) < 16


def test_a_graph_is_not_kept_and_a_weight_of_nothing_is_one():
    values = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    sketch = sketch_of(2 * values, weights=torch.tensor([0.0, 1.0, 0.0], requires_grad=True))
    assert sketch.quantile(0.001) == sketch.quantile(1.0) == 4.0
    assert not sketch._values.requires_grad
    assert not sketch._sums.requires_grad


def test_a_zero_has_no_sign():
    sketch = QuantileSketch(16)
    sketch.update(torch.linspace(-1, 1, 1001))
    zero = max(value for value in sketch._values.tolist() if value <= 0)
    assert math.copysign(1.0, zero) == 1.0
