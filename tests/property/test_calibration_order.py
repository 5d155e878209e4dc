"""Calibrated quantiles are in order for any forecast and any correction."""

from dataclasses import replace

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from stq.calibration import ConformalCalibration, Corrections

LEVEL_SETS = st.sampled_from(
    [(0.1, 0.9), (0.1,), (0.7, 0.9), (0.025, 0.1, 0.5, 0.9, 0.975), (0.01, 0.1, 0.3, 0.6), (0.5,)]
)


NUMBERS = st.lists(st.floats(-1e6, 1e6, width=32), min_size=10, max_size=10)


def calibration_of(
    levels: tuple[float, ...], numbers: list[float], *, multiplied: bool = False, grouped: bool = False
) -> ConformalCalibration:
    """Any corrections, for one variable at two horizons; of two groups, the second has them the other way round."""
    rows = tuple(
        tuple((0.0,) if level == 0.5 else (numbers[5 * h + q],) for q, level in enumerate(levels)) for h in range(2)
    )
    found = ConformalCalibration(("ozone",), ("DU",), (1, 2), levels, rows, ((9,), (9,)), ((3,), (3,)))
    if multiplied:
        found = replace(found, scores="multiplicative", floors=(0.1,))
    if grouped:
        parts = tuple(Corrections(table, found.cells, found.frames) for table in (rows, rows[::-1]))
        found = replace(found, groups=("a", "b"), grouped=parts)
    return found


def forecast(seed: int, levels: int, magnitude: float) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    quantiles = magnitude * torch.randn(2, 2, levels, 1, 3, 4, generator=generator)  # in any order
    return torch.randn(2, 2, 1, 3, 4, generator=generator), quantiles


@settings(max_examples=60)
@given(
    levels=LEVEL_SETS,
    numbers=NUMBERS,
    seed=st.integers(0, 2**31),
    magnitude=st.sampled_from([0.0, 1.0, 1e7]),
    multiplied=st.booleans(),
    grouped=st.booleans(),
)
def test_quantiles_are_in_order_and_never_past_the_centre(
    levels: tuple[float, ...], numbers: list[float], seed: int, magnitude: float, multiplied: bool, grouped: bool
) -> None:
    calibration = calibration_of(levels, numbers, multiplied=multiplied, grouped=grouped)
    central, quantiles = forecast(seed, len(levels), magnitude)
    group = torch.randint(-1, 2, (2, 2, 3, 4), generator=torch.Generator().manual_seed(seed))
    found = calibration.apply(central, quantiles, levels, group=group if grouped else None)
    assert (found[:, :, 1:] >= found[:, :, :-1]).all()
    centre = quantiles[:, :, levels.index(0.5)] if 0.5 in levels else central
    for q, level in enumerate(levels):
        past = found[:, :, q] > centre if level < 0.5 else found[:, :, q] < centre
        assert not past.any()
        if level == 0.5:
            assert torch.equal(found[:, :, q], centre)


@settings(max_examples=30)
@given(levels=LEVEL_SETS, numbers=NUMBERS, seed=st.integers(0, 2**31), push=st.floats(0, 10))
def test_a_wider_band_stays_wider(levels: tuple[float, ...], numbers: list[float], seed: int, push: float) -> None:
    calibration = calibration_of(levels, numbers)
    central, quantiles = forecast(seed, len(levels), 1.0)
    outward = torch.tensor([(level > 0.5) - (level < 0.5) for level in levels]).view(-1, 1, 1, 1) * push
    narrow, wide = (calibration.apply(central, part, levels) for part in (quantiles, quantiles + outward))
    sides = outward.sign()
    assert ((wide - narrow) * sides >= 0).all()


@settings(max_examples=20)
@given(levels=LEVEL_SETS, numbers=NUMBERS)
def test_json_gives_back_the_same_calibration(levels: tuple[float, ...], numbers: list[float]) -> None:
    calibration = calibration_of(levels, numbers, multiplied=numbers[0] > 0, grouped=numbers[1] > 0)
    assert ConformalCalibration.from_json(calibration.to_json()) == calibration
