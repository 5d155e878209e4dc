"""From batches of forecasts to the score table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from stq.errors import DataError
from stq.metrics._baseline_forecast import BaselineForecast
from stq.metrics._cell_sums import CellSums
from stq.metrics._event_sums import threshold_table
from stq.metrics._frame_scores import FrameScores
from stq.metrics._metric import Metric, MetricContext
from stq.metrics._named_metrics import NamedMetrics
from stq.metrics._score import Score, StratumScore
from stq.metrics._score_rows import RowSums, baseline_of, events_of, score_of
from stq.metrics._scored_batch import ScoredBatch
from stq.metrics._strata_rows import stratum_score
from stq.metrics._sums import FrameSums, Totals, selected


@dataclass(frozen=True)
class ScoreOptions:
    """What is scored beside the scores that need no choice, and how the intervals are drawn."""

    thresholds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Events by variable: values at or above each of these, in units."""
    neighbourhoods: Sequence[int] = (5,)
    """Cells on a side, for the fractions skill score."""
    repetitions: int = 1000
    block: int | None = None


class ForecastScores(nn.Module):
    """Scores by variable and horizon, streamed: `update` with every batch, then `compute`.

    `anomaly_range` is the least and greatest anomaly of each variable in units, from the training part, for SSIM (None:
    no SSIM); `size` rows and columns, for spectra (None: none); `units` one text for each variable. `baselines` are the
    names of those that every `update` brings, `strata` the names of the strata of each kind, `metrics` a user's own.
    All sums are in float64 whatever the forecast's precision, so keep this on a device that has it (the CPU is fine).
    """

    def __init__(
        self,
        variables: Sequence[str],
        horizons: Sequence[int],
        levels: Sequence[float] = (),
        *,
        units: Sequence[str] | None = None,
        anomaly_range: tuple[Float[Tensor, " C"], Float[Tensor, " C"]] | None = None,
        size: tuple[int, int] | None = None,
        options: ScoreOptions | None = None,
        baselines: Sequence[str] = (),
        strata: Mapping[str, Sequence[str]] | None = None,
        metrics: Mapping[str, Metric] | None = None,
    ) -> None:
        super().__init__()
        self.variables = tuple(variables)
        self.horizons = tuple(horizons)
        self.levels = tuple(levels)
        self.units = tuple(units) if units is not None else ("",) * len(self.variables)
        self.options = options or ScoreOptions()
        self.cells = CellSums(
            variables=len(self.variables),
            levels=self.levels,
            anomaly_range=None if anomaly_range is None else (anomaly_range[0].double(), anomaly_range[1].double()),
            thresholds=threshold_table(self.variables, self.options.thresholds),
            neighbourhoods=tuple(self.options.neighbourhoods),
            size=size,
            baselines=tuple(baselines),
            strata=dict(strata or {}),
        )
        layout = self.cells.layout()
        shape = len(self.horizons), len(self.variables)
        self.totals = Totals(*shape, layout)
        self.frames = FrameSums(*shape, selected(self.cells.frame_columns(), layout))
        self.named = NamedMetrics(metrics or {}, MetricContext(self.variables, self.horizons, self.levels))

    def update(
        self,
        *,
        central: Float[Tensor, "B H C Y X"],
        truth: Float[Tensor, "B H C Y X"],
        valid: Bool[Tensor, "B H C Y X"],
        persistence: Float[Tensor, "B H C Y X"],
        climatology: Float[Tensor, "B H C Y X"],
        time: Int64[Tensor, " B"],
        quantiles: Float[Tensor, "B H Q C Y X"] | None = None,
        quantiles_raw: Float[Tensor, "B H Q C Y X"] | None = None,
        weight: Float[Tensor, "B Y X"] | None = None,
        baselines: Mapping[str, BaselineForecast] | None = None,
        strata: Mapping[str, Int64[Tensor, "B H Y X"]] | None = None,
    ) -> None:
        """Add one batch, all fields in units.

        `quantiles_raw` are those before calibration (None: `quantiles` were not calibrated); `time` is the index of
        the frame at which each forecast was issued; `weight` is the area weight of each cell; `strata` the index of
        each cell's stratum by kind, -1 where it is in none. `persistence` and `climatology` are always there
        and needn't be among `baselines`.
        """
        batch = ScoredBatch(
            central, truth, valid, persistence, climatology, time, quantiles, quantiles_raw, weight,
            baselines or {}, strata or {},
        )  # fmt: skip
        for samples in batch.runs_of_samples():
            for piece in batch.pieces(samples):
                sums = self.cells.of(piece)
                self.totals.update(piece.horizon, self.totals.layout.joined(sums))
                self.frames.update(time[samples], piece.horizon, self.frames.layout.joined(sums))
            self.named.update(batch, samples, self.levels)

    def compute(self) -> tuple[Score, ...]:
        """One `Score` for each variable and horizon, variables first.

        Where torch.distributed is at work, every process has to ask, and gets the scores of all their batches, also
        one that was given none.

        Raises DataError where a variable has no valid cell at a horizon, and NonFiniteError where a forecast isn't
        finite: neither becomes a NaN in a table.
        """
        rows, frames, values = self._gathered()
        return tuple(
            self._score(rows[h][c], frames, h, c, {name: table[h][c] for name, table in values.items()})
            for c in range(len(self.variables))
            for h in range(len(self.horizons))
        )

    def compute_strata(self) -> tuple[StratumScore, ...]:
        """One `StratumScore` for each stratum, variable and horizon with any valid cell; to be asked as `compute`."""
        rows, frames, _ = self._gathered()
        found = (
            stratum_score(rows[h][c], kind, k, name, frames.count(h, c, f"{kind}.n", k))
            for kind, names in self.cells.strata.items()
            for c in range(len(self.variables))
            for h in range(len(self.horizons))
            for k, name in enumerate(names)
        )
        return tuple(row for row in found if row is not None)

    def _gathered(self) -> tuple[list[list[RowSums]], FrameScores, dict[str, list[list[float | None]]]]:
        """The sums of all processes, by horizon and variable."""
        if not self.totals.update_called:
            if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
                raise DataError("nothing to score: not one window was given")
            self.totals.update(0, torch.zeros(0, self.totals.layout.width, len(self.variables), dtype=torch.float64))
            self.frames.add_nothing()
        totals = self.totals.gathered()
        frames = FrameScores(
            self.frames.gathered(),
            self.frames.layout,
            self.levels,
            self.cells.baselines,
            self.options.repetitions,
            self.options.block,
        )
        rows = [
            [
                RowSums(
                    name,
                    horizon,
                    self.units[c],
                    self.levels,
                    {key: sums[h, :, c].tolist() for key, sums in totals.items()},
                )
                for c, name in enumerate(self.variables)
            ]
            for h, horizon in enumerate(self.horizons)
        ]
        return rows, frames, self.named.compute()

    def _score(self, row: RowSums, frames: FrameScores, h: int, c: int, metrics: dict[str, float | None]) -> Score:
        score = score_of(row, frames.count(h, c))
        worth, intervals = frames.of(h, c, row.horizon)
        csi, fss = events_of(row, self.options.thresholds.get(row.variable, ()), self.cells.neighbourhoods)
        return replace(
            score,
            effective_frames=worth,
            interval95=intervals,
            csi=csi,
            fss=fss,
            baselines={name: baseline_of(row, name, score.rmse) for name in self.cells.baselines},
            metrics=metrics,
        )
