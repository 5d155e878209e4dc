"""What can be said from the sums of each frame: how many there are, what they are worth, and the bootstrap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from stq.metrics._block_bootstrap import block_length, effective_frames, intervals95
from stq.metrics._quantile_scores import crps_weights
from stq.metrics._score_rows import LEVELS_FOR_CRPS
from stq.metrics._sums import Frames, Layout


@dataclass(frozen=True)
class FrameScores:
    """The sums of all frames, and how to draw from them."""

    frames: Frames
    layout: Layout
    levels: tuple[float, ...]
    baselines: Sequence[str]
    repetitions: int
    block: int | None
    """Frames in a block; None: chosen by the number of frames and the horizon."""

    def count(self, h: int, c: int, column: str = "n", k: int = 0) -> int:
        """Distinct issue times with any valid cell, of a stratum where the column says so."""
        return int((self.frames.sums[:, h, self.layout.columns(column), c][:, k] > 0).sum())

    def of(self, h: int, c: int, horizon: int) -> tuple[float, dict[str, tuple[float, float] | None]]:
        """The effective number of frames, by their mean squared errors, and the intervals of the scores."""
        sums = self.frames.sums[:, h, :, c]
        present = sums[:, self.layout.columns("n")].squeeze(1) > 0
        sums, times = sums[present], self.frames.times[present]
        column = self._columns(sums)
        worth = effective_frames(column["square"][:, 0] / column["weight"][:, 0], times)
        spacing = int(times.diff().min()) if len(times) > 1 else 1
        block = block_length(len(times), -(-horizon // spacing), self.block)
        return worth, intervals95(sums, self._scores, block=block, repetitions=self.repetitions)

    def _columns(self, sums: Float64[Tensor, "R K"]) -> Mapping[str, Float64[Tensor, "R _"]]:
        return {name: sums[:, self.layout.columns(name)] for name in self.layout.sizes}

    def _scores(self, sums: Float64[Tensor, "R K"]) -> Mapping[str, Float64[Tensor, " R"] | None]:
        """The scores of each repetition from its sums; None for those that are not defined."""
        column = self._columns(sums)
        weight, square = column["weight"][:, 0], column["square"][:, 0]
        scores: dict[str, Float64[Tensor, " R"] | None] = {"rmse": (square / weight).sqrt()}
        references = {name: f"square_{name}" for name in ("persistence", "climatology")}
        for name, sum_name in (references | {name: f"{name}.square" for name in self.baselines}).items():
            scores[f"skill_{name}"] = 1 - (square / column[sum_name][:, 0]).sqrt()
        inside = column.get("inside")
        scores["coverage"] = None if inside is None or not inside.shape[1] else inside[:, 0] / weight
        pinball = column.get("pinball")
        if pinball is None or len(self.levels) < LEVELS_FOR_CRPS:
            scores["crps"] = None
        else:
            scores["crps"] = pinball @ torch.tensor(crps_weights(self.levels), dtype=torch.float64) / weight
        return scores
