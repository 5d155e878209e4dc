"""A search tries what it was told to, keeps what was done, and leaves a spec to train."""

import shutil
from pathlib import Path

import pytest
from support.command_line import document, stq, write_spec

from stq.app import RunFolder, TuneResult, config, resume, train, tune
from stq.app.tuning._study import Judge, Pruned, Study
from stq.errors import SpecError, Stopped, UsageError
from stq.spec import dump_spec, load_spec, parse_dimension, parse_spec
from stq.training import EpochEnded

OVER = ["optim.lr=log:1e-4..1e-1", "model.hidden=[[2], [3]]"]
SHORT = ["trainer.max_epochs=1"]


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_spec(tmp_path_factory.mktemp("tune"))


@pytest.fixture(scope="module")
def found(spec: Path) -> TuneResult:
    """A search of two trials, of which the first sees a training that fails, continued by a third."""
    out = spec.parent / "search"
    tune(spec, OVER, trials=2, overrides=SHORT, out=out, seed=5)
    return tune(spec, OVER, trials=3, overrides=SHORT, out=out, seed=5)


def settings(result: TuneResult) -> list[dict[str, str]]:
    return [dict(trial.settings) for trial in result.trials]


def test_every_trial_is_a_run_with_its_own_settings(found: TuneResult) -> None:
    assert [(trial.number, trial.state, trial.epochs) for trial in found.trials] == [
        (n, "complete", 1) for n in range(3)
    ]
    for trial in found.trials:
        resolved = RunFolder.open(found.out / f"trial-{trial.number:03d}").load_spec().spec
        assert resolved.optim.lr == float(trial.settings["optim.lr"])
        assert str(list(resolved.model.hidden)) == trial.settings["model.hidden"]
        assert 1e-4 <= resolved.optim.lr <= 1e-1
    assert len({trial.settings["optim.lr"] for trial in found.trials}) == 3


def test_the_best_has_the_least_central_validation_error_and_its_spec_can_be_trained(found: TuneResult) -> None:
    values = [
        RunFolder(trial.run).read_json(trial.run / "outcome.json")["best"]["val_central"] for trial in found.trials
    ]
    assert [trial.value for trial in found.trials] == values
    assert found.best is not None
    assert found.best.value == min(values)
    assert found.spec == found.out / "best.yaml"
    best = load_spec(found.spec).spec
    assert best == RunFolder(found.best.run).load_spec().spec


def test_a_search_that_is_continued_suggests_what_it_would_have_in_one_go(found: TuneResult, spec: Path) -> None:
    space = tuple(map(parse_dimension, OVER))
    study = Study(spec.parent / "in-one-go", space, {}, seed=5)
    asked = []
    for trial in found.trials:
        suggested = study.ask()
        study.tell(suggested.number, trial.value or 0.0)
        asked.append({key: str(value) for key, value in suggested.params.items()})
    assert asked == settings(found)
    other = Study(spec.parent / "another-seed", space, {}, seed=6).ask()
    assert str(other.params["optim.lr"]) != asked[0]["optim.lr"]


def test_the_best_can_be_trained_where_the_project_is_moved_and_the_search_goes_on_there(
    found: TuneResult, spec: Path, tmp_path: Path
) -> None:
    shutil.copytree(spec.parent, tmp_path / "moved")
    there = tmp_path / "moved"
    assert str(spec.parent) not in (there / "search" / "best.yaml").read_text()
    best = load_spec(there / "search" / "best.yaml")
    assert best.spec.data.source == (str(there / "grid.nc"),)
    assert train(best, dry_run=True).steps > 0
    again = tune(there / "tiny.yaml", OVER, trials=3, overrides=SHORT, out=there / "search", seed=5)
    assert settings(again) == settings(found)


SEARCH = """
tune:
  over:
    optim.lr: log:1e-4..1e-1
    model.hidden: [[2], [3]]
  trials: 3
  seed: 5
"""


def test_a_search_of_the_spec_is_that_of_the_arguments(found: TuneResult, spec: Path) -> None:
    own = spec.with_name("search.yaml")
    own.write_text(spec.read_text() + SEARCH)
    assert settings(tune(own, overrides=SHORT, out=found.out)) == settings(found)
    assert "over:" not in (found.out / "best.yaml").read_text()
    for given in ({"seed": 6}, {"over": ["optim.lr=log:1e-4..1.0"]}, {"over": ["optim.weight_decay=0.0..1.0"]}):
        with pytest.raises(UsageError, match="other terms"):
            tune(own, overrides=SHORT, out=found.out, **given)
    assert len(tune(own, OVER[:1], trials=1, overrides=SHORT, out=found.out).trials) == 3
    with pytest.raises(UsageError, match="at least one trial"):
        tune(own, trials=0, overrides=SHORT, out=found.out)


def test_a_run_knows_nothing_of_the_search(spec: Path, tmp_path: Path) -> None:
    own = spec.with_name("search.yaml")
    own.write_text(spec.read_text() + SEARCH)
    one, other = (train(load_spec(each, [*SHORT, "name=a"]), run_dir=tmp_path / each.stem) for each in (spec, own))
    assert one.run is not None
    assert other.run is not None
    assert (one.run / "resolved.yaml").read_text() == (other.run / "resolved.yaml").read_text()
    assert one.epochs == resume(load_spec(own, [*SHORT, "name=a"]), RunFolder(one.run)).epochs
    environment = RunFolder(one.run).read_environment()
    assert [each["notes"] for each in environment["resumed"]] == [[]]
    assert {row.key: row.value for row in config(own).settings}["tune.over.optim.lr"] == "log:1e-4..1e-1"


@pytest.mark.parametrize(
    ("over", "said", "place"),
    [
        ("{optim.lrr: 0.0..1.0}", 'unknown key "lrr" under optim', 2),
        ("{optimm.lr: 0.0..1.0}", 'unknown key "optimm"(.|\\n)*optim', 2),
        ("{tune.trials: 1..2}", 'unknown key "tune"', 2),
        ("{optim.lr: 1.0..0.0}", "lower end first", 12),
        ("{optim.lr: [3]}", "list of two values", 12),
        ("{optim.lr: 3}", "list of two values", 12),
        ("{optim.lr: {low: 1}}", "list of two values", 12),
        ("{optim.lr: fast}", "for example optim.lr: log:", 12),
        ("3", "expected a mapping", 1),
    ],
)
def test_a_search_that_is_none_is_refused_where_it_stands_in_the_spec(over: str, said: str, place: int) -> None:
    text = f"data: {{source: a.nc, targets: [air]}}\nlosses: [mse]\ntune:\n  over: {over}\n"
    with pytest.raises(SpecError, match=said) as error:
        parse_spec(text)
    assert [problem.where for problem in error.value.problems] == [f"spec:4:{8 + place}"]


def test_what_plugins_or_lists_decide_is_left_to_the_search() -> None:
    text = "data: {source: a.nc, targets: [air]}\nlosses: [ssim]\ntune: {over: {%s: 2..3}}\n"
    for key in ("model.width", "losses.ssim.weight", "losses.0.window", "optim.groups.central.lr", "data.history"):
        spec = parse_spec(text % key).spec
        assert parse_spec(dump_spec(spec)).spec == spec
    assert parse_spec(text % "losses.ssim.weight").spec.tune


def test_other_terms_in_the_same_folder_are_refused(found: TuneResult, spec: Path) -> None:
    for over, overrides, seed in ((OVER[:1], SHORT, 5), (OVER, [], 5), (OVER, SHORT, 6)):
        with pytest.raises(UsageError, match="other terms"):
            tune(spec, over, trials=4, overrides=overrides, out=found.out, seed=seed)
    with pytest.raises(UsageError, match="holds no search"):
        tune(spec, OVER, trials=4, overrides=SHORT, out=spec.parent)


def test_a_trial_that_fails_is_recorded_and_the_others_go_on(spec: Path, tmp_path: Path) -> None:
    over = ["data.history=[2, 1000]"]
    result = tune(spec, over, trials=3, overrides=SHORT, out=tmp_path / "out", seed=2)
    states = {trial.settings["data.history"]: trial.state for trial in result.trials}
    assert states == {"2": "complete", "1000": "failed"}
    assert all(bool(trial.cause) == (trial.state == "failed") for trial in result.trials)
    assert result.best is not None


def test_a_trial_that_falls_behind_is_pruned(tmp_path: Path) -> None:
    study = Study(tmp_path, (parse_dimension("optim.lr=0.0..1.0"),), {}, seed=0)
    for error in (1.0, 1.1, 1.2):
        trial = study.ask()
        judge = Judge(trial, prune=True)
        judge.epoch_ended(ended(0, error))
        judge.epoch_ended(ended(1, error / 2))
        study.tell(trial.number, judge.best)
    good, bad = study.ask(), study.ask()
    Judge(good, prune=True).epoch_ended(ended(1, 0.4))
    Judge(bad, prune=True).epoch_ended(ended(0, 5.0))  # too early to tell
    Judge(bad, prune=False).epoch_ended(ended(1, 5.0))
    with pytest.raises(Pruned):
        Judge(study.ask(), prune=True).epoch_ended(ended(1, 5.0))
    study.tell_pruned(bad.number)
    assert [trial.state for trial in study.trials()] == ["complete"] * 3 + ["pruned"]


def ended(epoch: int, central: float) -> EpochEnded:
    none: dict[str, float] = {}
    return EpochEnded(epoch, epoch + 1, 0.1, none, none, none, none, central, "val_central", central, best=True)


def test_what_was_stopped_is_tried_again(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise Stopped(2, "stopped")

    with monkeypatch.context() as patched:
        patched.setattr("stq.app.tuning._tune.train", stop)
        with pytest.raises(Stopped):
            tune(spec, OVER, trials=1, overrides=SHORT, out=tmp_path / "out", seed=5)
    result = tune(spec, OVER, trials=1, overrides=SHORT, out=tmp_path / "out", seed=5)
    first = Study(tmp_path / "fresh", tuple(map(parse_dimension, OVER)), {}, seed=5).ask()
    assert settings(result) == [{key: str(value) for key, value in first.params.items()}]
    assert result.trials[0].state == "complete"


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("optim.lr", "expected KEY="),
        ("optim.lr=3", "list of two values"),
        ("optim.lr=[3]", "list of two values"),
        ("optim.lr=2..1", "lower end first"),
        ("optim.lr=log:0..1", "above 0"),
        ("optim.lr=[1, 2", "--over"),
    ],
)
def test_a_range_that_is_none_is_refused_where_it_stands(argument: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        parse_dimension(argument)


def test_ranges_are_numbers_whole_numbers_or_choices() -> None:
    lr, history = parse_dimension("optim.lr=log:1e-4..1e-2"), parse_dimension("data.history=2..6")
    assert (lr.kind, lr.low, lr.high, lr.log) == ("number", 1e-4, 1e-2, True)
    assert (history.kind, history.ends()) == ("whole", ("data.history=2", "data.history=6"))
    assert parse_dimension("a.b=0..1.0").kind == "number"
    assert parse_dimension("a.b=[[16], null, adamw]").ends() == ("a.b=[16]", "a.b=null", 'a.b="adamw"')


def test_what_the_spec_does_not_allow_is_refused_before_the_first_trial(spec: Path, tmp_path: Path) -> None:
    for over in (["optim.lrr=0.0..1.0"], ["model.dropout=0.0..1.5"], ["model.kernel=[3, 4]"], [], OVER[:1] * 2):
        with pytest.raises((SpecError, UsageError)):
            tune(spec, over, trials=1, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_says_where_the_best_is(found: TuneResult, spec: Path) -> None:
    arguments = ["tune", spec, "--over", OVER[0], "--over", OVER[1], "--set", SHORT[0]]
    arguments += ["--out", found.out, "--seed", 5, "--trials", 3]
    said = document(stq(*arguments, "--json"))
    assert [trial["state"] for trial in said["trials"]] == ["complete"] * 3
    assert said["spec"] == str(found.spec)
    text = stq(*arguments, "--no-pruning")
    assert text.exit_code == 0
    assert f"stq train {found.spec}" in text.stdout.replace("\n", "")
    assert stq("tune", spec, "--over", "optim.lrr=1..2").exit_code == 2


def test_a_trial_is_told_as_it_ends_unless_the_result_alone_is_asked_for(spec: Path, tmp_path: Path) -> None:
    arguments = ["tune", spec, "--over", OVER[0], "--set", SHORT[0], "--trials", 1, "--json"]
    loud, quiet = (stq(*arguments, "--out", tmp_path / name, *flag) for name, flag in (("a", []), ("b", ["-q"])))
    assert "trial-000 of 1  optim.lr" in loud.stderr
    assert "trial-000" not in quiet.stderr
    assert document(quiet)["best"]["value"] == document(loud)["best"]["value"]
