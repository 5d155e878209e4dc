"""Least squares over all cells at once: the simplest learner, which any other has to beat."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from stq.errors import DataError
from stq.metrics._co_moments import CoMoments

_NUMBERS = 2**22
"""How many numbers of a field are taken to double precision at a time."""


@dataclass(frozen=True, eq=False)
class LinearMap:
    """For each horizon and variable, `intercept + coefficients · predictors`, the same at every cell."""

    coefficients: Float64[Tensor, "H C P"]
    intercept: Float64[Tensor, "H C"]

    def __call__(self, predictors: Float[Tensor, "B P Y X"]) -> Float[Tensor, "B H C Y X"]:
        """The forecast, in the precision of the predictors."""
        samples, _, rows, columns = predictors.shape
        horizons, variables = self.intercept.shape
        found = predictors.new_empty(samples, horizons * variables, rows * columns)
        matrix = self.coefficients.flatten(0, 1).to(predictors.device)
        start = self.intercept.flatten()[:, None].to(predictors.device)
        for sample, cells, block in _blocks(predictors):
            found[sample, :, cells] = (start + matrix @ block).to(found.dtype)
        return found.view(samples, horizons, variables, rows, columns)


class PooledRegression:
    """Ordinary least squares by horizon and variable: `update` with every batch, then `fit`.

    y = a + bᵀx is fitted with one a and b for all cells, to the valid targets y on the P predictors x at the same cell,
    weighted by area: b = S⁺s from the centred co-moments S of x and s of x and y, summed in float64. Memory is P²
    where of every cell's targets all are valid or none, else P² for each horizon and variable, however many cells.

    Nothing is shrunk. What single precision can't tell apart is not fitted: S⁺ leaves out the directions of the
    standardised predictors (eigenvectors of their correlation matrix) with less than (P ε)² of the variance of the
    largest, ε = 1.2e-7, which is where LAPACK's least squares cuts singular values. Of all solutions equal but for
    rounding it is the one of least norm in standardised predictors; a predictor that does not vary has no weight.
    """

    def __init__(self, predictors: int, horizons: int, variables: int) -> None:
        self._predictors = predictors
        self._targets = [(h, c) for h in range(horizons) for c in range(variables)]
        self._shape = (horizons, variables)
        self._common = CoMoments(predictors + len(self._targets))
        self._others: dict[tuple[int, int], CoMoments] = {}

    def update(
        self,
        predictors: Float[Tensor, "B P Y X"],
        values: Float[Tensor, "B H C Y X"],
        valid: Bool[Tensor, "B H C Y X"],
        weight: Float[Tensor, "B Y X"],
    ) -> None:
        """Add one batch; predictors are finite, and values where they are valid."""
        y, known, area = values.flatten(1, 2).flatten(2), valid.flatten(1, 2).flatten(2), weight.flatten(1)
        for sample, cells, x in _blocks(predictors):
            targets, there, weights = y[sample, :, cells].double(), known[sample, :, cells], area[sample, cells]
            whole = there.all(dim=0)
            self._common.add(torch.cat([x[:, whole], targets[:, whole]]), weights[whole])
            if not bool((there & ~whole).any()):
                continue
            for row, at in enumerate(self._targets):
                alone = there[row] & ~whole
                if bool(alone.any()):
                    moments = self._others.setdefault(at, CoMoments(self._predictors + 1))
                    moments.add(torch.cat([x[:, alone], targets[row : row + 1, alone]]), weights[alone])

    def fit(self) -> LinearMap:
        """The least-squares solution. Raises DataError where a variable has no valid target at a horizon."""
        coefficients = torch.zeros(*self._shape, self._predictors, dtype=torch.float64)
        intercept = torch.zeros(self._shape, dtype=torch.float64)
        for row, (h, c) in enumerate(self._targets):
            moments = self._common.of([*range(self._predictors), self._predictors + row])
            if (h, c) in self._others:
                moments.merge(self._others[h, c])
            if not moments.weight:
                raise DataError(f"nothing to fit a baseline to: target {c + 1} has no valid value at horizon {h + 1}")
            coefficients[h, c] = _least_squares(moments)
            intercept[h, c] = moments.mean[-1] - coefficients[h, c] @ moments.mean[:-1]
        return LinearMap(coefficients, intercept)


def _least_squares(moments: CoMoments) -> Float64[Tensor, " P"]:
    """The coefficients of the last number on the others."""
    rounding = torch.finfo(torch.float32).eps
    variance = moments.products.diagonal()[:-1]
    deviation = variance.sqrt()
    varies = deviation > rounding * sqrt(moments.weight) * moments.mean[:-1].abs()
    found = torch.zeros_like(deviation)
    if not bool(varies.any()):
        return found
    scale = deviation[varies]
    covariance = moments.products[:-1, :-1][varies][:, varies]
    eigenvalues, vectors = torch.linalg.eigh(covariance / torch.outer(scale, scale))
    kept = eigenvalues > (len(deviation) * rounding) ** 2 * eigenvalues[-1]
    vectors, eigenvalues = vectors[:, kept], eigenvalues[kept]
    found[varies] = vectors @ (vectors.T @ (moments.products[:-1, -1][varies] / scale) / eigenvalues) / scale
    return found


def _blocks(predictors: Float[Tensor, "B P Y X"]) -> Iterator[tuple[int, slice, Float64[Tensor, "P n"]]]:
    """Sample by sample and some cells at a time, in double precision."""
    flat = predictors.flatten(2)
    length = max(1, _NUMBERS // flat.shape[1])
    for sample in range(flat.shape[0]):
        for first in range(0, flat.shape[2], length):
            cells = slice(first, first + length)
            yield sample, cells, flat[sample, :, cells].double()
