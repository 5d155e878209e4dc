"""Forecasts are scored a few at a time: none is lost, none counts twice, and a piece is no larger than asked for."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from stq.app._forecasting import UnitsBatch
from stq.tensors import Batch

HORIZONS, VARIABLES, HISTORY, CHANNELS, HEIGHT, WIDTH = 2, 1, 3, 2, 4, 5


def numbered(samples: int) -> UnitsBatch:
    """Every number of sample b is b."""

    def field(*shape: int) -> torch.Tensor:
        return torch.arange(samples).float().reshape(-1, *[1] * len(shape)).expand(samples, *shape).clone()

    targets = (HORIZONS, VARIABLES, HEIGHT, WIDTH)
    batch = Batch(
        inputs=field(HISTORY, CHANNELS, HEIGHT, WIDTH),
        base=field(VARIABLES, HEIGHT, WIDTH),
        values=field(*targets),
        valid=field(*targets) >= 0,
        offset=field(*targets),
        weight=field(HEIGHT, WIDTH),
        location=field(2, HEIGHT, WIDTH),
        time=torch.arange(samples),
    )
    return UnitsBatch(batch, field(*targets), field(HORIZONS, 2, VARIABLES, HEIGHT, WIDTH), field(*targets))


@given(samples=st.integers(1, 9), cells=st.integers(1, 200))
def test_pieces_hold_every_sample_once_and_no_more_cells_than_asked_for(samples: int, cells: int) -> None:
    whole = numbered(samples)
    pieces = list(whole.pieces(cells))
    for name in ("central", "quantiles", "truth"):
        assert torch.equal(torch.cat([getattr(piece, name) for piece in pieces]), getattr(whole, name))
    for parts, one in zip(zip(*(piece.batch for piece in pieces), strict=True), whole.batch, strict=True):
        assert torch.equal(torch.cat(parts), one)
    for piece in pieces:
        held = len(piece.truth)
        assert held == 1 or held * HEIGHT * WIDTH <= cells
        assert held == samples or piece is pieces[-1] or (held + 1) * HEIGHT * WIDTH > cells
