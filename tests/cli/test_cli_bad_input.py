"""Every mistake gives one clear error with the right exit code, and nothing is written."""

from pathlib import Path

import pytest
from support.command_line import SPEC, document, stq

BY_SET = {
    "unknown key": ("optim.lrr=1", 2, 'did you mean "lr"'),
    "wrong type": ("data.history=three", 2, "data.history=three"),
    "missing file": ("data.source=gone.nc", 3, "gone.nc"),
    "missing variable": ("data.targets=[airr]", 3, "airr"),
    "series too short": ("data.history=90", 3, "90"),
    "overlapping splits": ("data.split={train: [1995-01, 1998-12], val: [1998-06, 1999-06]}", 2, "val"),
    "fractions above one": ("data.split={train: 0.9, val: 0.3}", 2, "split"),
    "empty split": ("data.split={train: [1995-01, 1998-12], val: [2031-01, 2031-06]}", 3, "val"),
    "all-NaN variable": ("data.targets=[air, void]", 3, "void"),
    "static map of another grid": ("data.static=[{file: other.nc, variable: cover}]", 3, "cover"),
    "unknown loss": ("losses.mse.loss=msee", 2, "did you mean 'mse'"),
    "unknown option": ("losses.laplacian.level=3", 2, "levels"),
    "option of a wrong type": ("losses.laplacian.levels=many", 2, "levels"),
    "option below its range": ("losses.laplacian.levels=0", 2, "levels"),
    "weight below zero": ("losses.mse.weight=-0.1", 2, "at least 0"),
    "horizon 0": ("data.horizons=[0, 1]", 2, "horizons"),
    "level outside (0, 1)": ("quantiles.levels=[0.0, 0.9]", 2, "levels"),
    "unordered levels": ("quantiles.levels=[0.9, 0.1]", 2, "levels"),
    "unknown group": ("losses.mse.updates=[bakbone]", 2, "bakbone"),
    "pattern that matches nothing": (
        "groups={backbone: [convlstm.*, nothing.*], central: [central_*], quantiles: [lower_*, upper_*]}",
        2,
        "nothing.*",
    ),
    "a group that nothing updates": ("losses.pinball.updates=[central]", 2, "quantiles"),
    "several processes of the original recipe": ("trainer.devices=2", 2, "one process"),
    "a strategy that shards parameters": ("trainer.strategy=fsdp", 2, "flat buffers"),
    "a strategy with a backward of its own": ("trainer.strategy=deepspeed_stage_2", 2, "replaces the backward pass"),
    "a strategy that cuts layers": ("trainer.strategy=model_parallel", 2, "FSDP2"),
    "a strategy that loses observers": ("trainer.strategy=ddp_spawn", 2, "strategy: ddp"),
    "a static graph": ("trainer.strategy=ddp_static_graph", 2, "never reduces"),
    "calibration by months and seasons": ("calibration.by=[month, season]", 2, "parts of seasons"),
    "calibration by strata without a map": ("calibration.by=[stratum]", 2, "strata: NAME"),
    "strata that are no whole numbers": ("strata=land", 3, "must hold whole numbers"),
    "strata that change in time": ("strata=air", 3, "no map that is constant in time"),
    "device that is not there": ("trainer.accelerator=tpu", 2, "accelerator: auto"),
    "precision that a CPU lacks": ("trainer.precision=16-mixed", 2, "bf16-mixed"),
    "missing plugin file": ("plugins=[gone.py]", 2, "gone.py"),
    "location without positions": ("data.history", 2, "key.path=value"),
}

TOGETHER_WITH = {"trainer.devices=2": ("--set", "routing.engine=save-restore")}


@pytest.mark.parametrize(("change", "code", "words"), BY_SET.values(), ids=BY_SET.keys())
def test_a_mistake_is_one_error_and_nothing_is_written(
    spec: Path, workplace: Path, change: str, code: int, words: str
) -> None:
    result = stq("train", spec, *TOGETHER_WITH.get(change, ()), "--set", change, "--json")
    error = document(result)["error"]
    assert (result.exit_code, error["code"]) == (code, code), result.stderr
    assert words in error["message"] + str(error.get("problems"))
    assert words in result.stderr
    assert len(result.stderr.splitlines()) <= 8
    assert "Traceback" not in result.output
    assert not list(workplace.iterdir())


def test_a_duplicate_key_is_shown_with_line_and_column(workplace: Path) -> None:
    Path("twice.yaml").write_text(SPEC + "name: again\n")
    result = stq("train", "twice.yaml")
    assert result.exit_code == 2
    assert result.stderr.startswith("twice.yaml:17:1: ")
    assert "    name: again\n    ^^^^" in result.stderr


def test_all_problems_of_a_spec_come_at_once_with_path_place_and_hint(spec: Path) -> None:
    result = stq("check", spec, "--set", "optim.lrr=1", "--set", "losses.mse.weight=-1", "--json")
    problems = document(result)["error"]["problems"]
    assert [problem["path"] for problem in problems] == [["losses", 0, "weight"], ["optim", "lrr"]]
    assert all(set(problem) >= {"path", "where", "message", "hint"} for problem in problems)
    assert problems[1]["hint"] == 'did you mean "lr"?'


def test_a_loss_that_only_plugins_know_to_be_wrong_is_shown_in_the_file(workplace: Path, spec: Path) -> None:
    text = SPEC.replace("grid.nc", str(spec.parent / "grid.nc")).replace("levels: 2}", "levls: 2}")
    Path("typo.yaml").write_text(text)
    problem = document(stq("check", "typo.yaml", "--json"))["error"]["problems"][0]
    assert problem["where"] == "typo.yaml:14:36"
    assert problem["path"] == ["losses", 1, "levls"]


USAGE = {
    "no spec": (["train"], "SPEC"),
    "unknown option": (["train", "x.yaml", "--jsn"], "--jsn"),
    "unknown command": (["trian", "x.yaml"], "'train'"),
    "unknown engine": (["check-grads", "x.yaml", "--engine", "magic"], "save-restore"),
    "no such spec": (["train", "gone.yaml"], "gone.yaml"),
    "a name that no file can have": (["eval", "long" * 100], "File name too long"),
    "folder that is no run": (["eval", "."], "resolved.yaml"),
    "resume of nothing": (["train", "x.yaml", "--resume"], "--run-dir"),
    "resume of two runs": (["train", ".", "--run-dir", "y", "--resume"], "two runs"),
    "resume without writing": (["train", ".", "--resume", "--dry-run"], "--dry-run"),
    "run without resume": (["train", "."], "--resume"),
    "unknown loss": (["losses", "show", "pinbal"], "'pinball'"),
    "file of a loss": (["losses", "show", "my loss.py"], "try `stq losses test 'my loss.py'`"),
    "unknown model": (["models", "show", "convlstn"], "'convlstm'"),
}


@pytest.mark.parametrize(("arguments", "words"), USAGE.values(), ids=USAGE.keys())
def test_wrong_usage_exits_with_2_in_words_and_in_json(arguments: list[str], words: str) -> None:
    plain, as_json = stq(*arguments), stq(*arguments, "--json")
    assert (plain.exit_code, as_json.exit_code) == (2, 2)
    assert plain.stdout == ""
    assert words in plain.stderr
    assert document(as_json)["error"]["code"] == 2
    assert "Traceback" not in plain.output + as_json.output


def test_an_unknown_group_is_shown_where_it_is_named(workplace: Path, spec: Path) -> None:
    text = SPEC.replace("grid.nc", str(spec.parent / "grid.nc")).replace("- mse", "- {loss: mse, updates: [centre]}")
    Path("group.yaml").write_text(text + "freeze: [quantile]\n")
    problems = document(stq("check", "group.yaml", "--json"))["error"]["problems"]
    assert [problem["path"] for problem in problems] == [["losses", 0, "updates", 0], ["freeze", 0]]
    assert problems[0]["where"] == "group.yaml:13:27"
    assert problems[1]["hint"] == "did you mean 'quantiles'?"
