"""A calibration as rows: how far each band was moved, on how many frames, and what to expect of it."""

from dataclasses import dataclass

from stq.calibration import ConformalCalibration, Corrections, bands, expected_coverage_range, least_frames


@dataclass(frozen=True)
class CorrectionRow:
    """One band of one variable at one horizon: of all targets, or of those in `group`.

    `lower` and `upper` are levels; one of them is None where the band has one side, as in `claimed` of it. `outward` is
    how far the quantiles were moved, in `units`, or in widths of the band where scores are multiplicative. `low` and
    `high` hold the coverage in the long run, with a probability of 95 %, by the luck of so many frames.
    """

    variable: str
    units: str
    horizon: int
    group: str | None
    lower: float | None
    upper: float | None
    claimed: float
    frames: int
    cells: int
    outward: float
    low: float | None
    high: float | None
    enough: bool
    """Whether there are as many frames as the claim asks for, see `least_frames`."""


def correction_rows(calibration: ConformalCalibration) -> tuple[CorrectionRow, ...]:
    """Everything pooled first, then each group; by variable, horizon and band, the widest band first."""
    whole = Corrections(calibration.outward, calibration.cells, calibration.frames)
    groups = zip(calibration.groups, calibration.grouped, strict=True)
    levels, rows = calibration.levels, []
    for group, part in ((None, whole), *groups):
        for c, variable in enumerate(calibration.variables):
            for h, horizon in enumerate(calibration.horizons):
                frames = part.frames[h][c]
                for band in bands(levels):
                    q = band.upper if band.lower is None else band.lower
                    assert q is not None  # for the type checker: a band has a side
                    chance = expected_coverage_range(band.coverage, frames) if frames else (None, None)
                    rows.append(
                        CorrectionRow(
                            variable=variable,
                            units=calibration.units[c],
                            horizon=horizon,
                            group=group,
                            lower=None if band.lower is None else levels[band.lower],
                            upper=None if band.upper is None else levels[band.upper],
                            claimed=band.coverage,
                            frames=frames,
                            cells=part.cells[h][c],
                            outward=part.outward[h][q][c],
                            low=chance[0],
                            high=chance[1],
                            enough=frames >= least_frames(band.coverage),
                        )
                    )
    return tuple(rows)
