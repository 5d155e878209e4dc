"""Windows: no leak from one split to training, whatever the plan of splits."""

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stq.data import WindowPlan, plan_windows
from stq.errors import DataError

NAMES = ("train", "val", "calibration", "test")


class Case(NamedTuple):
    steps: int
    history: int
    horizons: tuple[int, ...]
    splits: dict[str, range]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Series with splits in any order in time, with gaps between them, often too tight for some window."""
    names = draw(st.permutations(NAMES).map(lambda order: order[: draw(st.integers(1, 4))]))
    borders = sorted(draw(st.lists(st.integers(0, 90), min_size=2 * len(names), max_size=2 * len(names), unique=True)))
    spans = [range(first, last) for first, last in zip(borders[::2], borders[1::2], strict=True)]
    steps = borders[-1] + draw(st.integers(0, 10))
    horizons = draw(st.lists(st.integers(1, 8), min_size=1, max_size=4, unique=True).map(sorted))
    return Case(steps, draw(st.integers(1, 6)), tuple(horizons), dict(zip(names, spans, strict=True)))


def planned(case: Case) -> WindowPlan | None:
    try:
        return plan_windows(*case)
    except DataError:
        return None


def inputs(case: Case, issue: int) -> set[int]:
    return set(range(issue - case.history + 1, issue + 1))


def targets(case: Case, issue: int) -> set[int]:
    return {issue + horizon for horizon in case.horizons}


@settings(max_examples=150)
@given(cases())
def test_no_step_of_another_split_stands_in_a_training_window(case: Case) -> None:
    plan = planned(case)
    if plan is None or "train" not in plan.issued:
        return
    others = set().union(*(span for name, span in case.splits.items() if name != "train"))
    for issue in plan.issued["train"]:
        assert not (inputs(case, issue) | targets(case, issue)) & others


@settings(max_examples=100)
@given(cases())
def test_a_window_belongs_to_the_split_that_holds_all_its_targets(case: Case) -> None:
    plan = planned(case)
    for name, issues in plan.issued.items() if plan else ():
        assert all(targets(case, issue) <= set(case.splits[name]) for issue in issues)


@settings(max_examples=100)
@given(cases())
def test_inputs_end_before_targets_begin_and_lie_within_the_series(case: Case) -> None:
    plan = planned(case)
    for issues in plan.issued.values() if plan else ():
        for issue in issues:
            assert max(inputs(case, issue)) < min(targets(case, issue))
            assert min(inputs(case, issue)) >= 0
            assert max(targets(case, issue)) < case.steps


@settings(max_examples=150)
@given(cases())
def test_every_possible_window_is_kept_once_or_counted_as_left_out(case: Case) -> None:
    plan = planned(case)
    if plan is None:
        return
    possible = range(case.history - 1, case.steps - max(case.horizons))
    kept = [issue for issues in plan.issued.values() for issue in issues]
    assert len(kept) == len(set(kept))
    assert len(kept) + plan.straddling + plan.leaking + plan.outside == len(possible)
    everything = set().union(*case.splits.values())
    assert plan.outside == sum(not targets(case, issue) & everything for issue in possible)


@settings(max_examples=100)
@given(cases())
def test_no_window_is_left_out_without_a_reason(case: Case) -> None:
    plan = planned(case)
    if plan is None:
        return
    held_out = set().union(*(span for name, span in case.splits.items() if name != "train"))
    for name, span in case.splits.items():
        for issue in range(case.history - 1, case.steps - max(case.horizons)):
            belongs = targets(case, issue) <= set(span) and not (name == "train" and inputs(case, issue) & held_out)
            assert belongs == (issue in plan.issued[name])


@settings(max_examples=100)
@given(cases())
def test_a_refusal_is_always_right(case: Case) -> None:
    if planned(case) is not None:
        return
    held_out = set().union(*(span for name, span in case.splits.items() if name != "train"))
    possible = range(case.history - 1, case.steps - max(case.horizons))
    assert any(
        not any(
            targets(case, issue) <= set(span) and not (name == "train" and inputs(case, issue) & held_out)
            for issue in possible
        )
        for name, span in case.splits.items()
    )


@settings(max_examples=200)
@given(cases(), st.integers(0, 6), st.booleans())
def test_gap_and_strict_keep_the_times_of_the_splits_apart(case: Case, gap: int, strict: bool) -> None:
    try:
        plan = plan_windows(*case, gap=gap, strict=strict)
    except DataError:
        return
    seen = {
        name: (set().union(*(inputs(case, t) for t in issues)), set().union(*(targets(case, t) for t in issues)))
        for name, issues in plan.issued.items()
    }
    for name, (past, ahead) in seen.items():
        for other, (other_past, other_ahead) in seen.items():
            if other == name:
                continue
            here = past | ahead if name == "train" or strict else ahead
            there = other_past | other_ahead if strict else other_ahead
            assert min(abs(one - two) for one in here for two in there) > gap


@settings(max_examples=100)
@given(cases(), st.integers(0, 6), st.booleans())
def test_with_gap_or_strict_every_window_is_kept_once_or_counted(case: Case, gap: int, strict: bool) -> None:
    try:
        plan = plan_windows(*case, gap=gap, strict=strict)
    except DataError:
        return
    possible = range(case.history - 1, case.steps - max(case.horizons))
    kept = [issue for issues in plan.issued.values() for issue in issues]
    assert len(kept) == len(set(kept))
    lost = plan.straddling + plan.leaking + plan.outside + plan.gapped + plan.shared
    assert len(kept) + lost == len(possible)
    loose = planned(case)
    assert loose is None or all(set(issues) <= set(loose.issued[name]) for name, issues in plan.issued.items())
    if gap == 0 and not strict:
        assert plan == loose


def test_a_gap_takes_its_steps_from_the_later_split_and_strict_its_first_windows() -> None:
    splits = {"train": range(12), "val": range(12, 24)}
    assert plan_windows(24, 3, (1, 2), splits).issued == {"train": tuple(range(2, 10)), "val": tuple(range(11, 22))}
    plan = plan_windows(24, 3, (1, 2), splits, gap=2)
    assert plan.issued == {"train": tuple(range(2, 10)), "val": tuple(range(13, 22))}
    assert "2 windows left out: a target lies in the gap between two splits (data.split.gap)" in plan.notes
    plan = plan_windows(24, 3, (1, 2), splits, gap=2, strict=True)
    assert plan.issued == {"train": tuple(range(2, 10)), "val": tuple(range(16, 22))}
    assert "3 windows left out: the inputs reach into another split (data.split.strict)" in plan.notes


def test_inputs_of_training_keep_the_gap_to_a_split_that_is_shorter_than_the_nearest_horizon() -> None:
    plan = plan_windows(60, 1, (8,), {"val": range(20, 22), "train": range(24, 60)}, gap=2)
    assert plan.issued["train"] == (16, 17, *range(24, 52))  # 18 and 23 are two steps from the targets 20 and 21


def test_a_gap_that_takes_nothing_is_not_named() -> None:
    with pytest.raises(DataError, match="train holds no window") as refused:
        plan_windows(24, 3, (1, 2), {"train": range(1), "val": range(12, 22)}, gap=9)
    assert "a gap of" not in str(refused.value)


def test_a_split_that_the_gap_leaves_empty_is_refused_with_the_gap() -> None:
    with pytest.raises(DataError, match=r"val holds no window: .*\(a gap of 9 steps is kept before it\)"):
        plan_windows(24, 3, (1, 2), {"train": range(12), "val": range(12, 22)}, gap=9)
    with pytest.raises(DataError, match=r"val holds no window whose inputs .*data\.split\.strict"):
        plan_windows(24, 6, (1, 2), {"train": range(12), "val": range(12, 17)}, strict=True)


def test_a_series_too_short_says_how_many_steps_are_needed_and_found() -> None:
    with pytest.raises(DataError, match=r"needs 8 steps \(history 4 \+ furthest horizon 4\), and there are 7"):
        plan_windows(7, 4, (1, 4), {"train": range(7)})


def test_a_split_too_short_for_its_targets_says_so() -> None:
    with pytest.raises(DataError, match=r"test holds no window: the targets of one span 4 steps .* and it has 3"):
        plan_windows(20, 2, (1, 2, 3, 4), {"train": range(17), "test": range(17, 20)})


def test_a_split_before_the_first_possible_target_says_so() -> None:
    for length in (4, 1):  # the latter as long as the targets of a window
        with pytest.raises(DataError, match=r"train holds no window: the first target can stand at step 6"):
            plan_windows(20, 5, (1,), {"train": range(length), "test": range(10, 20)})


def test_training_after_validation_loses_the_windows_that_look_back_into_it() -> None:
    plan = plan_windows(20, 4, (1,), {"val": range(8), "train": range(8, 20)})
    assert plan.issued["train"][0] == 11
    assert plan.leaking == 4
    assert plan.notes == ("4 windows left out of train: the inputs reach into another split",)
    with pytest.raises(DataError, match="every one would reach into another split"):
        plan_windows(10, 4, (1,), {"val": range(8), "train": range(8, 10)})
