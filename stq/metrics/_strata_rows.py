"""From the sums of strata to their rows."""

import math

from stq.metrics._score import StratumScore
from stq.metrics._score_rows import RowSums, skill


def stratum_score(row: RowSums, kind: str, k: int, name: str, frames: int) -> StratumScore | None:
    """The row of the k-th stratum of a kind, None where no cell of it is valid."""

    def total(part: str) -> float:
        return row.sums[f"{kind}.{part}"][k]

    if not total("n"):
        return None
    weight = total("weight")

    def mean(part: str) -> float | None:
        return total(part) / weight if f"{kind}.{part}" in row.sums else None

    def root(part: str) -> float:
        return math.sqrt(total(part) / weight)

    return StratumScore(
        kind=kind,
        name=name,
        variable=row.variable,
        horizon=row.horizon,
        units=row.units,
        n=round(total("n")),
        frames=frames,
        rmse=root("square"),
        bias=total("error") / weight,
        skill_persistence=skill(root("square"), root("square_persistence")),
        skill_climatology=skill(root("square"), root("square_climatology")),
        coverage=mean("inside"),
        coverage_raw=mean("inside_raw"),
        width=mean("width"),
        width_raw=mean("width_raw"),
    )
