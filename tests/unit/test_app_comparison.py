"""From the figures of runs to rows and words: nothing is trained here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.reported import SCORE, printed

from stq.app._epochs import epochs_until
from stq.app.comparison._arms import parse_arm, parse_arms
from stq.app.comparison._differences import differences_of
from stq.app.comparison._figures import COMMON, OWN, figures_of, speeds
from stq.app.comparison._result import ComparedRun, ComparisonResult, Key, Measured
from stq.errors import UsageError
from stq.report import comparison_markdown, comparison_tables

SEEDS = range(1, 9)
PLACES = [(variable, horizon) for variable in ("ozone", "temperature") for horizon in (1, 2)]


def measured(effect: float, origins: tuple[str | None, ...] = (None,)) -> dict[Key, Measured]:
    """Runs of two arms whose seeds differ a lot, the arms by noise of 0.1 % and, in RMSE, by `effect` percent."""
    random = np.random.default_rng(3)
    found: dict[Key, Measured] = {}
    for origin in origins:
        for seed in SEEDS:
            base = random.uniform(5, 8)
            for arm, factor in (("pruned", 1.0), ("joint", 1 + effect / 100)):
                rmse = {place: base * factor * (1 + 0.001 * random.normal()) for place in PLACES}
                raw = {place: 0.9 + 0.02 * random.normal() for place in PLACES}
                curve = (1.0, 0.5, 0.4, 0.4) if arm == "pruned" else (1.0, 0.9, 0.6, 0.399)
                found[origin, arm, seed] = Measured({"rmse": rmse, "coverage_raw": raw}, curve)
    return found


def result_of(runs: dict[Key, Measured], origins: tuple[str, ...] = ()) -> ComparisonResult:
    """What the command would say of these runs."""
    compared = tuple(ComparedRun(arm, seed, origin, Path("out"), "trained") for origin, arm, seed in runs)
    rows = differences_of(runs, ("pruned", "joint"), origins or (None,))
    return ComparisonResult(
        "x", Path("out"), "test", ("pruned", "joint"), tuple(SEEDS), origins, False, compared, rows, ()
    )


def test_a_planted_effect_is_found_and_none_is_within_noise() -> None:
    found = {(row.figure, row.variable): row for row in result_of(measured(-2.0)).differences}
    rmse = found["rmse", None]
    assert rmse.verdict == "lower"
    assert rmse.mean == pytest.approx(-2, abs=0.1)
    assert rmse.low < rmse.mean < rmse.high < -1.5
    assert rmse.p == 2 / 2 ** len(SEEDS)
    assert rmse.first is None  # two variables have no common RMSE
    assert found["coverage_raw", None].verdict == "within noise"
    nothing = result_of(measured(0.0))
    assert {row.verdict for row in nothing.differences if row.figure == "rmse" and row.variable is None} == {
        "within noise"
    }


def test_the_words_say_what_was_found_and_how_many_rows_chance_would_give() -> None:
    result = result_of(measured(-2.0))
    text, page = printed(comparison_tables(result), 160), comparison_markdown(result)
    assert "lower by 1.94 % [-2.00, -1.89]" in text
    assert "within noise" in text
    assert "can't be below 0.0078" in text
    crossing = f"{len(result.outside)} of {len(result.decided)} rows lie outside noise"
    assert crossing in text
    assert crossing in page
    assert result.by_chance == pytest.approx(0.05 * len(result.decided))
    assert "| central RMSE | - | - | lower by 1.94 % [-2.00, -1.89] | 0.0078 |" in page


def test_every_row_pairs_the_same_seed() -> None:
    runs = measured(1.0)
    del runs[None, "joint", 3]
    rows = result_of(runs).differences
    assert {row.seeds for row in rows} == {(1, 2, 4, 5, 6, 7, 8)}
    row = next(row for row in rows if (row.figure, row.variable, row.horizon) == ("rmse", "ozone", 2))
    first, other = (runs[None, arm, 4].figures["rmse"]["ozone", 2] for arm in ("pruned", "joint"))
    assert row.differences[2] == pytest.approx(100 * (other / first - 1))


def test_over_several_origins_the_unit_is_still_the_seed() -> None:
    origins = ("1998", "1999")
    rows = [row for row in result_of(measured(1.0, origins), origins).differences if row.figure == "rmse"]
    overall = [row for row in rows if row.variable is None]
    assert [row.origin for row in overall] == [None, *origins]
    assert all(len(row.differences) == len(SEEDS) for row in rows)
    assert overall[0].differences == pytest.approx(
        [np.mean(pair) for pair in zip(overall[1].differences, overall[2].differences, strict=True)]
    )


def test_a_lower_end_does_not_make_an_arm_look_slow() -> None:
    first, other = (1.0, 0.5, 0.5, 0.5), (1.0, 0.5, 0.45, 0.4)
    found = speeds(first, other)
    assert found == {OWN: (2, 4), COMMON: (2, 2)}
    assert epochs_until((3.0, 2.04, 2.0), 2.0) == 2
    assert epochs_until((3.0,), 2.0) is None
    assert speeds((), other) == {}
    assert speeds((float("inf"),), other) == {}


def test_below_five_levels_the_mean_pinball_stands_in_for_the_crps() -> None:
    whole, few = SCORE, replace(SCORE, crps=None)
    assert {"rmse", "crps", "coverage_error", "coverage_error_raw", "width"} <= figures_of([whole]).keys()
    found = figures_of([few])
    assert "crps" not in found
    assert list(found["pinball"].values()) == [pytest.approx(np.mean(list(few.pinball.values())))]
    claimed = max(interval.expected for interval in whole.intervals)
    assert found["coverage_error"][whole.variable, whole.horizon] == pytest.approx(abs(whole.coverage - claimed))


def test_arms_are_read_and_wrong_ones_refused() -> None:
    soft = parse_arm("soft=0.1")
    updates = {"mse": {"backbone": 1.0, "central": 1.0}, "pinball": {"quantiles": 1.0}, "watched": {}}
    assert soft.name == "soft-0.1"
    assert soft.overrides(updates) == (
        "routing.engine=pruned",
        "losses.pinball.updates={quantiles: 1.0, backbone: 0.1}",
    )
    with pytest.raises(UsageError, match="changes nothing"):
        soft.overrides({"mse": {"backbone": 1.0}})
    for words in (("pruned",), ("pruned", "pruned"), ("pruned", "jiont"), ("pruned", "soft=2"), ("joint", "soft")):
        with pytest.raises(UsageError):
            parse_arms(words)


def test_a_first_arm_of_zero_has_no_relative_difference_and_the_other_places_stay() -> None:
    """A band without width, an error of nothing: no percentage of it, and no end of a comparison after its training."""
    runs = measured(1.0)
    for key, run in runs.items():
        gone = run.figures["rmse"] | {("ozone", 1): 0.0 if key[1] == "pruned" else 0.1}
        runs[key] = replace(run, figures={**run.figures, "rmse": gone})
    rows = [row for row in result_of(runs).differences if row.figure == "rmse"]
    assert [(row.variable, row.horizon) for row in rows] == [(None, None), *(p for p in PLACES if p != ("ozone", 1))]
    assert rows[0].mean == pytest.approx(1, abs=0.2)
