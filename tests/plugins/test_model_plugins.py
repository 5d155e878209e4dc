"""Models of plugins: a whole run with one, what is wrong with others, and what a spec keeps of them."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from support.plugin_files import install

from stq.app import RunFolder, check, evaluate, list_models, predict, train
from stq.errors import PluginError, SpecError
from stq.registry import check_plugins, load_models
from stq.report import model_page, model_table
from stq.spec import commented_spec, dump_spec, load_spec, parse_spec
from stq.testing import tiny_spec

MODEL = '''
from torch import nn
from stq import hookimpl
from stq.models import HeadedForecaster, ModelContext


class Mean(HeadedForecaster):
    """A convolution of the mean over the history."""

    name = "mean"

    def __init__(self, context: ModelContext, width: int = 6, scale: float = 1.0) -> None:
        super().__init__(context)
        if width > 100:
            raise ValueError(f"a width of {width} is too much")
        self.scale = scale
        self.mix = nn.Conv2d(context.channels, width, 3, padding=1)
        self.add_heads(width)

    def features(self, inputs):
        return (self.scale * self.mix(inputs.mean(1))).tanh()


@hookimpl
def stq_models():
    return [Mean]
'''


@pytest.fixture
def spec(tmp_path: Path):
    """A spec whose model is the above, with this section in place of its own."""
    (tmp_path / "my_model.py").write_text(MODEL)

    def spec(section: str = "{name: mean, width: 5, heads: {hidden: 4}}") -> Path:
        change = ("model: {hidden: [4], heads: {hidden: 4}}", f"plugins: [my_model.py]\nmodel: {section}")
        return tiny_spec(tmp_path, changes=[change])

    return spec


def test_a_model_that_needs_an_option_or_fails_is_listed_without_its_groups(tmp_path):
    texts = {
        "mean": MODEL,
        "wide": MODEL.replace("mean", "wide").replace("width: int = 6", "width: int = 600"),
        "asks": MODEL.replace("mean", "asks")
        .replace("width: int = 6", "width: int")
        .replace("inputs.asks", "inputs.mean"),
    }
    files = []
    for name, text in texts.items():
        files.append(tmp_path / f"{name}.py")
        files[-1].write_text(text)
    cards = {card.name: card for card in list_models(tuple(files))}
    assert cards["mean"].groups["backbone"] == ("mix.*", "location_encoder.*")
    assert cards["mean"].compiles is False
    for name in ("wide", "asks"):
        assert (cards[name].groups, cards[name].compiles) == (None, None)
        assert cards[name].to_dict()["groups"] is None
        console = Console(width=200, record=True, file=StringIO())
        console.print(model_page(cards[name]), model_table([cards[name]]))
        text = console.export_text()
        assert text.count("not known") == 3
    assert "model: {name: asks, width: ..., scale: 1.0}" in text
    assert "required" in text


def test_a_model_from_a_file_trains_is_audited_scored_forecasts_and_starts_another_run(spec, tmp_path):
    run = tmp_path / "run"
    result = train(load_spec(spec()), run_dir=run)
    audit = result.audit.audit
    assert (audit.verdict, audit.reference_difference) == ("pass", 0.0)
    groups = {cell.group for cell in audit.cells}
    assert groups == {"backbone", "central", "quantiles"}
    assert evaluate(RunFolder(run)).calibrated
    predict(RunFolder(run), (), tmp_path / "out.nc")
    warm = [f"init_from={run}", "freeze=[backbone, central]", "quantiles.levels=[0.2, 0.8]", "losses=[pinball]"]
    found = check(load_spec(spec(), warm))
    assert found.initial is not None
    assert found.initial.loaded == ("mix", "central_heads.0", "central_heads.1")


@pytest.mark.parametrize(
    ("section", "words", "column"),
    [
        ("{name: mean, widht: 5}", "the model mean has no option 'widht'\n.*\n.*\n.*did you mean 'width'", 21),
        ("{name: mean, width: 5.5}", "width should be a valid integer, found 5.5", 28),
        ("{name: mean, width: 500}", "mean: a width of 500 is too much", 8),
        ("{name: maen}", "there is no model 'maen'; did you mean 'mean'", 15),
        ("{name: mean, compile: true}", "the model mean has no parts that can be compiled", 30),
        ("{name: mean, kernel: 3}", "the model mean has no option 'kernel'", 21),
    ],
)
def test_what_is_wrong_with_a_models_section_is_told_at_its_place(spec, section, words, column):
    path = spec(section)
    with pytest.raises(SpecError, match=words) as error:
        check(load_spec(path))
    assert error.value.problems[0].where == f"{path}:14:{column}"


def test_what_is_wrong_with_losses_and_model_is_told_at_once(spec):
    with pytest.raises(SpecError) as error:
        check(load_spec(spec("{name: maen}"), ["losses=[mze]"]))
    assert {problem.path for problem in error.value.problems} == {("losses", 0, "loss"), ("model", "name")}


TEXT = "data: {source: a.nc, targets: [air]}\nlosses: [mse]\n"


def test_the_spec_keeps_the_options_of_a_foreign_model_and_only_its_own():
    text = TEXT + "model: {name: mean, width: 5, sizes: [1, 2], residual: false}\n"
    loaded = parse_spec(text, overrides=["model.scale=0.5"]).spec
    assert loaded.model.settings() == {"width": 5, "sizes": (1, 2), "scale": 0.5}
    assert not loaded.model.residual
    for written in (dump_spec(loaded), commented_spec(loaded)):
        assert parse_spec(written).spec.model == loaded.model
        assert "kernel" not in written
    assert type(loaded).model_validate_json(loaded.model_dump_json()) == loaded
    hash(loaded)


def test_the_section_of_the_convlstm_is_as_it_was():
    spec = parse_spec(TEXT).spec
    assert "options" not in dump_spec(spec)
    settings = {"hidden": (24,), "kernel": 3, "dropout": 0.2, "checkpoint_activations": False}
    assert spec.model.settings() == settings
    for wrong in ("{widht: 3}", "{options: {width: 3}}", "{name: convlstm, width: 3}"):
        with pytest.raises(SpecError, match="unknown key"):
            parse_spec(TEXT + f"model: {wrong}\n")


BROKEN = {
    "not-a-model": ("return [Mean]", "return [nn.Conv2d]", "subclasses of stq.models.Forecaster"),
    "no-name": ('name = "mean"', 'name = ""', "needs a name"),
    "no-docstring": ('"""A convolution of the mean over the history."""', "pass", "needs a docstring"),
    "no-features": ("def features", "def maps", "needs a features"),
    "no-context": ("context: ModelContext, width", "width", "begins __init__(self, context"),
    "reserved": ("scale: float = 1.0", "residual: bool = True", "a key that every model has"),
    "no-forward": ("(HeadedForecaster)", "(__import__('stq.models').models.Forecaster)", "needs a forward"),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_model_is_set_aside_with_its_cause(site, name):
    old, new, cause = BROKEN[name]
    assert old in MODEL
    install(site, f"broken-{name}", MODEL.replace(old, new))
    assert set(load_models()) >= {"convlstm"}
    with pytest.raises(PluginError, match=f"broken-{name} is broken"):
        load_models().get("mean")
    [broken] = [bad for bad in check_plugins() if bad.distribution == f"broken-{name}"]
    assert cause in broken.cause


def test_two_models_of_one_name_name_both_distributions_to_who_asks(site):
    install(site, "first-clash", MODEL)
    install(site, "second-clash", MODEL)
    assert "convlstm" in load_models()
    with pytest.raises(PluginError, match="two models are called 'mean', of first-clash and second-clash"):
        load_models().get("mean")
