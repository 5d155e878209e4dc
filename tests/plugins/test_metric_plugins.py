"""Metrics of plugins: sound ones, broken ones, and two that clash."""

from pathlib import Path

import pytest
import torch
from support.plugin_files import LOSS, install
from support.scored_fields import scored_fields
from support.tiny_runs import tiny_source, tiny_spec

from stq.app import RunFolder, evaluate, train
from stq.app._metrics import resolve_metrics
from stq.errors import PluginError, SpecError, UsageError
from stq.metrics import ForecastScores, Metric
from stq.registry import load_losses, load_metrics

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_metric.py"
METRIC = EXAMPLE.read_text()


def spec_with(folder, metrics, *overrides, plugin=EXAMPLE):
    return tiny_spec(folder / "tiny.nc", [f"plugins=[{plugin}]", f"evaluation.metrics={metrics}", *overrides])


def test_a_metric_from_a_users_own_file_is_scored(tmp_path):
    tiny_source(tmp_path)
    metrics = "[large-errors, {metric: large-errors, name: huge, above: 1000.0}]"
    train(spec_with(tmp_path, metrics, "trainer.max_epochs=1"), run_dir=tmp_path / "run")
    for score in evaluate(RunFolder(tmp_path / "run")).scores:
        assert score.metrics["huge"] == 0
        assert 0 < score.metrics["large-errors"] <= 1
    changed = evaluate(RunFolder(tmp_path / "run"), overrides=["evaluation.metrics.huge.above=0.0"])
    assert all(score.metrics["huge"] == 1 for score in changed.scores)
    with pytest.raises(UsageError, match=r"only evaluation\.\* can be set"):
        evaluate(RunFolder(tmp_path / "run"), overrides=["data.history=2"])


def test_its_value_is_a_weighted_mean_over_valid_cells_in_units():
    given = scored_fields(weighted=True)
    cls = load_metrics([EXAMPLE]).get("large-errors").cls
    scores = ForecastScores(["ozone", "temperature"], [1, 3], metrics={"large": cls(above=0.7)})
    names = ("central", "truth", "valid", "persistence", "climatology", "time", "weight")
    scores.update(**{name: getattr(given, name) for name in names})
    for score, (c, h) in zip(scores.compute(), ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True):
        weight = given.weight.double() * given.valid[:, h, c]
        large = (given.central[:, h, c].double() - given.truth[:, h, c]).abs() > 0.7
        assert score.metrics["large"] == pytest.approx(float((weight * large).sum() / weight.sum()))


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ("[larg-errors]", r"there is no metric 'larg-errors'; did you mean 'large-errors'\?"),
        ("[{metric: large-errors, abov: 2.0}]", r"no option 'abov'[\s\S]*above"),
        ("[{metric: large-errors, above: wide}]", "above should be a valid number"),
        ("[large-errors, large-errors]", 'a metric named "large-errors" stands above already'),
    ],
)
def test_what_is_wrong_in_the_spec_is_shown_there(tmp_path, metrics, words):
    with pytest.raises(SpecError, match=words):
        resolve_metrics(spec_with(tmp_path, metrics))


def test_a_metric_of_quantiles_needs_them(tmp_path):
    path = tmp_path / "m.py"
    path.write_text(METRIC.replace("sums = (", "needs_quantiles = True\n    sums = ("))
    wrong = spec_with(tmp_path, "[large-errors]", "quantiles=null", "losses=[mse]", "calibration=null", plugin=path)
    with pytest.raises(SpecError, match="compares quantiles, and the spec has none"):
        resolve_metrics(wrong)


BROKEN = {
    "not-a-metric": ("return [LargeErrors]", "return [int]", "subclasses of stq.metrics.Metric"),
    "no-name": ('name = "large-errors"', 'name = ""', "needs a name"),
    "units": ("sums = (", 'units = "kelvin"\n    sums = (', "'variable' or 'none'"),
    "sums": ('sums = ("large", "area")', "sums = [1]", "as a tuple"),
    "taken": ('sums = ("large", "area")', 'sums = ("update",)', "'update', a name that every metric has"),
    "no-update": ("def update", "def add", "needs a update(self, forecast, target)"),
    "no-compute": ("def compute", "def value", "needs a compute(self)"),
    "options": ("above: float = 1.0", "**above", "an option is an argument with a name"),
    "reserved": ("above: float = 1.0", "metric: float = 1.0, above: float = 1.0", "a key that every metric has"),
    "fails": ("return [LargeErrors]", "return 1 / 0", "ZeroDivisionError"),
}


@pytest.mark.parametrize(("old", "new", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_is_set_aside_and_a_broken_file_is_refused(site, tmp_path, old, new, words):
    source = METRIC.replace(old, new)
    assert source != METRIC
    install(site, "bad-metric", source)
    (bad,) = (each for each in load_metrics().broken if each.distribution == "bad-metric")
    assert words in bad.cause
    path = tmp_path / "mine.py"
    path.write_text(source + "\n# another content\n")
    with pytest.raises(PluginError) as refused:
        load_metrics([path])
    assert words in str(refused.value)


def test_two_metrics_of_one_name_are_refused_with_both_distributions(site):
    install(site, "some-metrics", METRIC)
    with pytest.raises(PluginError, match=r"two metrics are called 'large-errors', of some-metrics and .*my_metric"):
        load_metrics([EXAMPLE])


def test_a_plugin_of_metrics_brings_no_losses_and_one_of_losses_no_metrics(site):
    install(site, "some-metrics", METRIC)
    install(site, "some-losses", LOSS.format(name="mine"))
    assert "large-errors" in load_metrics().entries
    broken = {each.distribution for each in (*load_metrics().broken, *load_losses().broken)}
    assert not broken & {"some-metrics", "some-losses"}


class Rude(Metric):
    """Does what a metric must not."""

    name = "rude"

    def __init__(self, shape=(), error=None):
        super().__init__()
        self.result, self.error = torch.ones(shape), error

    def update(self, forecast, target):
        if self.error:
            raise self.error

    def compute(self):
        return self.result


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (Rude(shape=(3,)), r"the metric mine must compute a tensor of shape \(2, 2\) \(H C\), found \(3,\)"),
        (Rude(error=KeyError("x")), "the metric mine failed: KeyError: 'x'"),
    ],
)
def test_what_fails_in_a_metric_is_told_as_its_own(metric, words):
    given = scored_fields()
    scores = ForecastScores(["ozone", "temperature"], [1, 3], metrics={"mine": metric})
    names = ("central", "truth", "valid", "persistence", "climatology", "time")

    def score():
        scores.update(**{name: getattr(given, name) for name in names})
        scores.compute()

    with pytest.raises(PluginError, match=words):
        score()


def test_a_value_that_is_not_finite_is_none():
    given = scored_fields()
    rude = Rude(shape=(2, 2))
    rude.result = torch.tensor([[1.0, torch.nan], [torch.inf, 2.0]])
    scores = ForecastScores(["ozone", "temperature"], [1, 3], metrics={"mine": rude})
    names = ("central", "truth", "valid", "persistence", "climatology", "time")
    scores.update(**{name: getattr(given, name) for name in names})
    assert [score.metrics["mine"] for score in scores.compute()] == [1.0, None, None, 2.0]
