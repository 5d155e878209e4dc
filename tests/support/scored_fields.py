"""Fields to score: a forecast with quantiles, what came true with gaps, and baselines, in units."""

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from stq.metrics import ForecastScores, Score

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)


@dataclass(frozen=True)
class ScoredFields:
    """The arguments of `ForecastScores.update`."""

    central: Tensor
    truth: Tensor
    valid: Tensor
    persistence: Tensor
    climatology: Tensor
    time: Tensor
    quantiles: Tensor | None
    quantiles_raw: Tensor | None
    weight: Tensor | None

    def samples(self, index: Tensor | slice) -> "ScoredFields":
        """Some of the samples."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: part[index] for name, part in parts.items() if part is not None})


def scored_fields(
    seed: int = 0,
    *,
    samples: int = 4,
    size: tuple[int, int] = (13, 14),
    gaps: float = 0.1,
    weighted: bool = False,
    quantiles: bool = True,
) -> ScoredFields:
    """Random fields of two variables at two horizons; the truth is NaN where not valid."""
    generator = torch.Generator().manual_seed(seed)

    def field(*shape: int) -> Tensor:
        return torch.randn(samples, 2, *shape, *size, generator=generator)

    truth, central = 280 + field(2), 280 + field(2)
    valid = torch.rand(truth.shape, generator=generator) >= gaps
    raw = (central.unsqueeze(2) + 2 * field(5, 2)).sort(dim=2).values
    return ScoredFields(
        central=central,
        truth=torch.where(valid, truth, torch.nan),
        valid=valid,
        persistence=280 + field(2),
        climatology=280 + 0.1 * field(2),
        time=torch.arange(samples) + 5,
        quantiles=raw + torch.tensor([-0.2, -0.1, 0.0, 0.1, 0.2]).view(-1, 1, 1, 1) if quantiles else None,
        quantiles_raw=raw if quantiles else None,
        weight=0.5 + torch.rand(samples, *size, generator=generator) if weighted else None,
    )


def score_all(*batches: ScoredFields, levels: tuple[float, ...] = LEVELS) -> tuple[Score, ...]:
    """The scores of these batches."""
    extremes = torch.tensor([-2.5, -3.0]), torch.tensor([3.5, 4.0])
    scores = ForecastScores(["ozone", "temperature"], [1, 3], levels, units=["DU", "K"], anomaly_range=extremes)
    for batch in batches:
        scores.update(**{field.name: getattr(batch, field.name) for field in fields(batch)})
    return scores.compute()
