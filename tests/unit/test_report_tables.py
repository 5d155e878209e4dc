"""Tables fit 80 columns, lose nothing there, and say in words what they say in colour."""

from dataclasses import replace

import pytest
from support.reported import BARE, CHECKED, EVALUATED, READY, TRAINED, audited, printed

from stq.app import LossCard, PluginCard
from stq.errors import Problem
from stq.losses import OptionInfo
from stq.report import (
    check_summary,
    gradient_tables,
    loss_page,
    loss_table,
    plugin_table,
    problem_text,
    score_tables,
    training_outcome,
    training_plan,
)

CARD = LossCard(
    name="huber",
    updates=("backbone", "central"),
    reduction="valid",
    needs_quantiles=False,
    options={
        "delta": OptionInfo("float", 1.0, required=False, doc="where [it] bends"),
        "kind": OptionInfo("str", None, required=True, doc=""),
        "on": OptionInfo("bool", default=True, required=False, doc=""),
    },
    distribution="stq-huber",
    summary="Huber loss.",
    text="Huber loss.\n\n    L = [a]",
)
PLUGINS = (
    PluginCard("losses", "stq", "0.1.0", "stq.losses", builtin=True),
    PluginCard("bad", "stq-bad", "1", "stq_bad", builtin=False, cause="ImportError: no [module]"),
)

TABLES = {
    "scores": (score_tables(EVALUATED), ["ozone [total]", "6.50", "-0.07", "0.745", "0.910", "2,880", "95 % claimed"]),
    "gradients": (
        gradient_tables(audited()),
        ["blocked", "0.31 -> 0", "0.00012", "mse and pinball", "-0.12", "8e-07", "0.97 of the time"],
    ),
    "check": (check_summary(CHECKED), ["ozone [total] [DU]", "channel 11", "central x 0.5", "9 windows left out"]),
    "losses": (loss_table([CARD]), ["huber", "backbone, central", "stq-huber"]),
    "loss": (loss_page(CARD), ["L = [a]", "where [it] bends", "required", "kind: ..., on: true"]),
    "plugins": (plugin_table(PLUGINS, checked=True), ["stq-bad", "no [module]", "ok"]),
    "plan": (training_plan(READY), ["runs/x", "channel 11", "pruned, 2 backward passes", "train 41, val 5"]),
    "outcome": (training_outcome(TRAINED), ["stopped early", "stq check-grads 'runs/a run'", "stq eval 'runs/a run'"]),
}


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(("table", "words"), TABLES.values(), ids=TABLES.keys())
def test_a_table_fits_its_terminal_and_holds_what_matters(table: object, words: list[str], width: int) -> None:
    text = printed(table, width)
    assert max(map(len, text.splitlines())) <= width
    for each in words:
        assert each in text, text
    assert "…" not in text


def test_nothing_but_ascii_and_no_colour_goes_to_a_file() -> None:
    for table, _ in TABLES.values():
        assert printed(table, 120).isascii()


def test_no_color_is_honoured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = printed(gradient_tables(audited(fault="leak")), force_terminal=True, color_system="standard")
    assert "\x1b[1;31mleak" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = printed(gradient_tables(audited(fault="leak")), force_terminal=True, color_system="standard")
    assert "\x1b[1mleak" in plain
    assert "leak" in plain


def test_the_chance_of_coverage_is_told_in_frames() -> None:
    text = " ".join(printed(score_tables(EVALUATED), 200).split())
    assert (
        "Calibrated on 5 frames, scored on 5: coverage of the 95 % band may stray between 62 % and 100 % by chance."
        in text
    )
    assert "over 2,700 to 2,880 valid cells of 5 frames" in text


def test_a_run_without_bands_has_no_table_of_bands() -> None:
    text = printed(score_tables(replace(EVALUATED, scores=(BARE,), chance=(), calibrated=False)))
    assert "RMSE" in text
    assert "coverage" not in text


def test_an_uncalibrated_run_does_not_speak_of_calibration() -> None:
    text = printed(score_tables(replace(EVALUATED, chance=(), calibrated=False)))
    assert "calibrated" not in text
    assert "coverage" in text


def test_a_failed_audit_names_its_faults_at_the_end() -> None:
    lines = printed(gradient_tables(audited(fault="leak"))).splitlines()
    assert [line.split()[:2] for line in lines if line.startswith(("verdict", "problem"))] == [
        ["verdict", "leak"],
        ["problem", "pinball"],
    ]


def test_many_losses_are_shown_in_several_tables() -> None:
    text = printed(gradient_tables(audited()))
    heads = [line for line in text.splitlines() if line.startswith("module")]
    assert [head.split()[1:] for head in heads] == [
        ["mse", "ssim", "laplacian", "histogram", "spectral", "all"],
        ["pinball", "all"],
    ]


def test_a_problem_is_shown_with_its_line_its_caret_and_a_hint() -> None:
    problem = Problem(("a",), "unknown key [x]", "did you mean y?", "s.yaml:1:2", "    x: 1\n    ^")
    assert str(problem_text([problem, replace(problem, where="", excerpt="", hint="")])) == (
        "s.yaml:1:2: unknown key [x]\n    x: 1\n    ^\n  hint: did you mean y?\nerror: unknown key [x]"
    )


def test_a_run_without_a_test_part_is_scored_on_its_validation_part() -> None:
    text = printed(training_outcome(replace(TRAINED, splits=("train", "val"))))
    assert "stq eval 'runs/a run' --split val" in text
