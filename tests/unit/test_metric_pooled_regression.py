"""The pooled regression against numpy's least squares, and the pooled slope against a closed form."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from stq.errors import DataError
from stq.metrics import PooledRegression, PooledSlope, _pooled_regression

HORIZONS, VARIABLES, PREDICTORS = 2, 2, 5


def sample(seed: int, *, missing: str = "some", level: float = 0.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Predictors, values, where they are valid, weights: 6 samples of 4 x 3 cells."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(6, PREDICTORS, 4, 3)) @ np.diag([1.0, 0.3, 2.0])
    slopes = random.normal(size=(HORIZONS, VARIABLES, PREDICTORS))
    y = np.einsum("hcp,bpyx->bhcyx", slopes, x) + 3 + 0.5 * random.normal(size=(6, HORIZONS, VARIABLES, 4, 3))
    valid = np.ones(y.shape, dtype=bool)
    if missing == "some":
        valid = random.random(y.shape) < 0.7
    if missing == "land":
        valid[..., :2, 0] = False
    weight = 0.5 + random.random((6, 4, 3))
    y[~valid] = 0
    return tuple(torch.from_numpy(part) for part in (x + level, y, valid, weight))  # type: ignore[return-value]


def least_squares(x: Tensor, y: Tensor, valid: Tensor, weight: Tensor, h: int, c: int) -> np.ndarray:
    """Slopes and intercept by numpy, on flattened arrays."""
    chosen = valid[:, h, c].numpy().ravel()
    rows = np.moveaxis(x.numpy(), 1, -1).reshape(-1, x.shape[1])[chosen]
    root = np.sqrt(weight.numpy().ravel()[chosen])
    matrix = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    return np.linalg.lstsq(matrix * root[:, None], y[:, h, c].numpy().ravel()[chosen] * root, rcond=None)[0]


def fitted(*parts: Tensor, pieces: int = 1) -> _pooled_regression.LinearMap:
    regression = PooledRegression(parts[0].shape[1], HORIZONS, VARIABLES)
    for batch in zip(*(part.chunk(pieces) for part in parts), strict=True):
        regression.update(*batch)
    return regression.fit()


@given(seed=st.integers(0, 2**20), missing=st.sampled_from(["none", "land", "some"]), pieces=st.sampled_from([1, 2, 6]))
def test_the_regression_is_numpys_least_squares_on_flattened_arrays(seed: int, missing: str, pieces: int) -> None:
    parts = sample(seed, missing=missing)
    found = fitted(*parts, pieces=pieces)
    for h in range(HORIZONS):
        for c in range(VARIABLES):
            expected = least_squares(*parts, h, c)
            np.testing.assert_allclose(found.coefficients[h, c], expected[:-1], rtol=1e-8, atol=1e-9)
            np.testing.assert_allclose(found.intercept[h, c], expected[-1], rtol=1e-8, atol=1e-9)


def test_neither_blocks_of_cells_nor_batches_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = sample(0)
    whole = fitted(*parts)
    forecast = whole(parts[0])
    monkeypatch.setattr(_pooled_regression, "_NUMBERS", 5 * PREDICTORS)
    again = fitted(*parts, pieces=3)
    torch.testing.assert_close(again.coefficients, whole.coefficients, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(again(parts[0]), forecast, rtol=1e-12, atol=1e-12)
    by_hand = whole.intercept[..., None, None] + torch.einsum("hcp,bpyx->bhcyx", whole.coefficients, parts[0])
    torch.testing.assert_close(forecast, by_hand, rtol=1e-12, atol=1e-12)


def test_kelvins_do_no_harm() -> None:
    slopes = fitted(*sample(1)).coefficients
    torch.testing.assert_close(fitted(*sample(1, level=1e6)).coefficients, slopes, rtol=1e-6, atol=1e-7)


def test_predictors_that_say_the_same_share_the_weight() -> None:
    x, *rest = sample(2)
    x = x.float()  # as the network is given them
    sum_of_two = x[:, :1] + x[:, 1:2]  # equal but for single precision
    constant = torch.full_like(sum_of_two, 7.0)
    odd = torch.cat([x, x[:, :1], sum_of_two, constant], dim=1)
    plain, found = fitted(x, *rest), fitted(odd, *rest)
    assert found.coefficients.abs().max() < 10
    assert not found.coefficients[..., -1].any()
    torch.testing.assert_close(found.coefficients[..., 0], found.coefficients[..., PREDICTORS])
    torch.testing.assert_close(found(odd), plain(x), rtol=1e-4, atol=1e-4)


def test_fewer_samples_than_predictors_give_the_solution_of_least_norm() -> None:
    x, y, valid, weight = (part[:1, ..., :2, :1] for part in sample(3, missing="none"))
    found = fitted(x, y, valid, weight)
    torch.testing.assert_close(found(x), y, rtol=1e-9, atol=1e-9)
    assert found.coefficients.abs().max() < 10


def test_a_target_without_a_valid_value_is_refused() -> None:
    x, y, valid, weight = sample(4)
    valid[:, 1, 0] = False
    with pytest.raises(DataError, match="target 1 has no valid value at horizon 2"):
        fitted(x, y, valid, weight)


def test_what_is_not_valid_does_not_count() -> None:
    x, y, valid, weight = sample(5)
    slope = PooledSlope(HORIZONS, VARIABLES)
    slope.update(x[:, :VARIABLES], torch.where(valid, y, torch.nan), valid, weight)
    last = x[:, None, :VARIABLES].expand_as(y)
    weights = torch.where(valid, weight[:, None, None], 0.0)
    expected = (weights * last * y).sum(dim=(0, 3, 4)) / (weights * last.square()).sum(dim=(0, 3, 4))
    torch.testing.assert_close(slope.fit(), expected, rtol=1e-12, atol=1e-12)
    nothing = PooledSlope(HORIZONS, VARIABLES)
    nothing.update(torch.zeros_like(x[:, :VARIABLES]), y, valid, weight)
    assert not nothing.fit().any()
