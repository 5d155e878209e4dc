"""Calibrate a finished run anew, without training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stq.app._assembly import put_weights
from stq.app._calibrate import calibrate_split, set_aside
from stq.app._corrections import CorrectionRow, correction_rows
from stq.app._data import open_data, open_other_data
from stq.app._models import build_network
from stq.app._run_folder import RunFolder
from stq.calibration import ConformalCalibration, calibration_notes
from stq.data import ForecastData, Statistics
from stq.errors import CheckFailed, UsageError, nearest
from stq.spec import CalibrationSpec, LoadedSpec

PARTS = ("horizon", "variable", "month", "season", "stratum")
SCORES = ("additive", "multiplicative")
SEEN = "DATA is what the run was trained on: on its training windows the band looks better than it is"


@dataclass(frozen=True)
class CalibrateResult:
    """What was fitted and written. `former` is where the corrections of before lie, None where there were none."""

    run: Path
    path: Path
    former: Path | None
    fitted_on: str
    windows: int
    by: tuple[str, ...]
    scores: str
    corrections: tuple[CorrectionRow, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "run": str(self.run),
            "path": str(self.path),
            "former": None if self.former is None else str(self.former),
            "fitted_on": self.fitted_on,
            "windows": self.windows,
            "by": list(self.by),
            "scores": self.scores,
            "corrections": [vars(row) for row in self.corrections],
            "notes": list(self.notes),
        }


def calibrate(
    run: RunFolder,
    source: Sequence[str] = (),
    *,
    split: str | None = None,
    by: Sequence[str] | None = None,
    scores: str | None = None,
) -> CalibrateResult:
    """Fit the corrections of the best checkpoint's band and write them into the run; those of before are kept aside.

    They are fitted on `split`, the calibration part unless said otherwise, or on every window of `source`, other files
    of the run's kind. `by` and `scores` are those of the spec (of its defaults, where it has none) unless given.

    Raises UsageError for a run without quantiles and for what there is not, DataError for data that is not of the run's
    kind, CheckFailed where the run or its data is damaged.
    """
    loaded = run.load_spec()
    if loaded.spec.quantiles is None:
        raise UsageError(f"{run.path} forecasts no quantiles (quantiles: null): there is no band to calibrate")
    if source and split is not None:
        raise UsageError("--split is of the run's own data, and every window of DATA counts: give one of them")
    terms = terms_of(loaded, by, scores)
    with run.claimed("stq calibrate"):
        data, part = data_of(loaded, run, source, split)
        forecaster = build_network(loaded, data)
        put_weights(forecaster, run)
        calibration = calibrate_split(loaded, data, forecaster, run=run, split=part, terms=terms)
        assert calibration is not None  # for the type checker: there are quantiles, terms and windows
        notes = (*data.notes, *calibration_notes(calibration))
        if source:
            calibration = replace(calibration, fitted_on=", ".join(source))
            if data.fingerprint == run.read_environment().get("data_sha256"):
                notes += (SEEN,)
        elif part in ("train", "val"):
            notes += (f"calibrated on {part}, which the network was fitted to: the band may be too narrow elsewhere",)
        return CalibrateResult(
            run=run.path,
            path=run.calibration,
            former=written(run, calibration),
            fitted_on=calibration.fitted_on,
            windows=len(data.splits[part]),
            by=calibration.by,
            scores=calibration.scores,
            corrections=correction_rows(calibration),
            notes=notes,
        )


def terms_of(loaded: LoadedSpec, by: Sequence[str] | None, scores: str | None) -> CalibrationSpec:
    """The spec's terms, or those that are asked for."""
    terms = loaded.spec.calibration or CalibrationSpec()
    if by is not None:
        for word in by:
            if word not in PARTS:
                raise UsageError(f"--by takes {', '.join(PARTS)}; {nearest(word, PARTS, f'found {word!r}')}")
        if len(set(by)) < len(by) or {"month", "season"} <= set(by):
            raise UsageError("--by takes each word once, and either month or season: months are parts of seasons")
        if "stratum" in by and loaded.spec.strata is None:
            raise UsageError("--by stratum needs a map of strata in the run's spec (strata: NAME), and there is none")
        terms = terms.model_copy(update={"by": tuple(by)})
    if scores is not None:
        if scores not in SCORES:
            raise UsageError(f"--scores is {' or '.join(SCORES)}; {nearest(scores, SCORES, f'found {scores!r}')}")
        terms = terms.model_copy(update={"scores": scores})
    return terms


def data_of(loaded: LoadedSpec, run: RunFolder, source: Sequence[str], split: str | None) -> tuple[ForecastData, str]:
    """What is calibrated on: the data, and the split of it."""
    statistics = Statistics.load(run.statistics)
    if source:
        return open_other_data(loaded, statistics, source), "train"
    data = open_data(loaded.spec.data, statistics, loaded=loaded)
    if data.fingerprint != run.read_environment().get("data_sha256"):
        raise CheckFailed(f"{', '.join(loaded.spec.data.source)}: the data is not what {run.path} was trained on")
    part = split or "calibration"
    if part not in data.splits:
        there = f"choose with --split from {', '.join(data.splits)}, or give other files to calibrate on"
        raise UsageError(f"the run has no split {part!r}; {there}")
    return data, part


def written(run: RunFolder, calibration: ConformalCalibration) -> Path | None:
    """Write the corrections whole; where those of before, if there were any, are now."""
    former = set_aside(run)
    run.write(run.calibration, calibration.to_json())
    return former
