"""The sums behind the scores, and the means they make."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from stq.metrics._quantile_scores import crossed, interval_pairs, pinball_loss
from stq.metrics._structural_similarity import structural_similarity


class ScoreMeans(Metric):
    """Weighted means over valid cells, by horizon and variable, streamed in float64.

    All states but the list of issue times are sums, so that batches, and processes, add up in any order.
    """

    full_state_update = False
    higher_is_better = None
    is_differentiable = False
    minimum: Tensor | None
    span: Tensor | None
    issued: list[Tensor]

    def __init__(
        self,
        variables: int,
        horizons: int,
        levels: tuple[float, ...],
        anomaly_range: tuple[Float[Tensor, " C"], Float[Tensor, " C"]] | None,
    ) -> None:
        super().__init__()
        self.levels = levels
        self.pairs = interval_pairs(levels)
        low, high = (None, None) if anomaly_range is None else (bound.double() for bound in anomaly_range)
        self.register_buffer("minimum", low, persistent=False)
        self.register_buffer("span", None if low is None or high is None else high - low, persistent=False)
        plain = ("error", "absolute", "square", "square_persistence", "square_climatology", "ssim")
        for name in ("n", "weight", "ssim_weight", "crossing", "crossing_raw", *plain):
            self._add_sum(name, (horizons, variables))
        self._add_sum("pinball", (horizons, len(levels), variables))
        for name in ("inside", "inside_raw", "width", "width_raw"):
            self._add_sum(name, (horizons, len(self.pairs), variables))
        self.add_state("issued", default=[], dist_reduce_fx="cat")

    def _add_sum(self, name: str, shape: tuple[int, ...]) -> None:
        self.add_state(name, default=torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    def update(
        self,
        central: Float[Tensor, "B H C Y X"],
        quantiles: Float[Tensor, "B H Q C Y X"] | None,
        quantiles_raw: Float[Tensor, "B H Q C Y X"] | None,
        truth: Float[Tensor, "B H C Y X"],
        valid: Bool[Tensor, "B H C Y X"],
        weight: Float[Tensor, "B Y X"] | None,
        persistence: Float[Tensor, "B H C Y X"],
        climatology: Float[Tensor, "B H C Y X"],
        time: Int64[Tensor, " B"],
    ) -> None:
        """Add one batch. The values at cells that aren't valid may be anything, NaN too."""
        area = torch.ones_like(central[:, 0, 0]) if weight is None else weight
        area = area.double()[:, None, None].expand_as(valid)

        def add(name: str, values: Tensor, where: Tensor = valid, weights: Tensor = area) -> None:
            """Add the sum over samples and cells, of values of shape B H (Q) C Y X."""
            if values.ndim > where.ndim:
                where, weights = where.unsqueeze(2), weights.unsqueeze(2)
            total = torch.where(where, values * weights, 0.0).sum(dim=(0, -2, -1))
            setattr(self, name, getattr(self, name) + total)

        ones = torch.ones_like(area)
        add("n", ones, weights=ones)
        add("weight", ones)
        truth = truth.double()
        error = central.double() - truth
        add("error", error)
        add("absolute", error.abs())
        add("square", error.square())
        add("square_persistence", (persistence.double() - truth).square())
        add("square_climatology", (climatology.double() - truth).square())
        if self.minimum is not None and self.span is not None:
            normal = climatology.double()
            anomalies = central.double() - normal, truth - normal
            similarity, whole = structural_similarity(*anomalies, valid, self.minimum, self.span)
            add("ssim", similarity, whole)
            add("ssim_weight", ones, whole)
        if quantiles is not None:
            quantiles = quantiles.double()
            raw = quantiles if quantiles_raw is None else quantiles_raw.double()
            add("pinball", pinball_loss(quantiles, truth, self.levels))
            for suffix, band in (("", quantiles), ("_raw", raw)):
                lower = band[:, :, [pair[0] for pair in self.pairs]]
                upper = band[:, :, [pair[1] for pair in self.pairs]]
                y = truth.unsqueeze(2)
                add("inside" + suffix, ((lower <= y) & (y <= upper)).double())
                add("width" + suffix, upper - lower)
                add("crossing" + suffix, crossed(band).double(), weights=ones)
        present = valid.any(dim=-1).any(dim=-1).flatten(1)  # B, H x C
        self.issued.append(torch.cat([time[:, None], present.long()], dim=1))

    def add_nothing(self) -> None:
        """Count as updated without a batch: what is gathered from the other processes then has the same axes here."""
        horizons, variables = self._sum("n").shape
        empty = torch.zeros(0, horizons, variables, 1, 1)
        bands = torch.zeros(0, horizons, len(self.levels), variables, 1, 1) if self.levels else None
        time = torch.zeros(0, dtype=torch.int64)
        self.update(empty, bands, bands, empty, empty > 0, None, empty, empty, time)

    def compute(self) -> dict[str, Tensor]:
        """The means, each of shape H C, H Q C (pinball) or H P C (of the intervals); NaN where nothing is valid."""
        area = self._sum("weight")
        means = {name: self._sum(name) / area for name in ("error", "absolute")}
        for name in ("square", "square_persistence", "square_climatology"):
            means["root_" + name] = (self._sum(name) / area).sqrt()
        for name in ("pinball", "inside", "inside_raw", "width", "width_raw"):
            means[name] = self._sum(name) / area.unsqueeze(1)
        for name in ("crossing", "crossing_raw"):
            means[name] = self._sum(name) / self._sum("n")
        means["ssim"] = self._sum("ssim") / self._sum("ssim_weight")
        return means | {"n": self._sum("n"), "frames": self._frames()}

    def _sum(self, name: str) -> Tensor:
        total = getattr(self, name)
        assert isinstance(total, Tensor)  # for the type checker: states are attributes made by name
        return total

    def _frames(self) -> Int64[Tensor, "H C"]:
        """Distinct issue times with any valid cell."""
        issued = dim_zero_cat(self.issued)
        times, where = torch.unique(issued[:, 0], return_inverse=True)
        cells = issued.new_zeros(len(times), issued.shape[1] - 1).index_add_(0, where, issued[:, 1:])
        return (cells > 0).sum(dim=0).view(self._sum("n").shape)
