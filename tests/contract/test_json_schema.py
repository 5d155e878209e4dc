"""The JSON Schema of the spec: nothing that stq reads is invalid under it, and mistakes are."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from support.command_line import stq
from support.drawn_specs import specs

from stq.app import schema
from stq.spec import Spec, commented_spec, dump_spec, json_schema, load_spec, parse_spec
from stq.spec._source import Source
from stq.spec._yaml import read_yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
INSTALLED = Draft202012Validator(schema().schema)
ANY = Draft202012Validator(json_schema())


def tree(text: str) -> object:
    """What a text says, as JSON has it."""
    root, _ = read_yaml(Source("spec", text))
    return json.loads(json.dumps(root.plain()))


@pytest.mark.parametrize("validator", [INSTALLED, ANY], ids=["installed", "any"])
def test_it_is_a_schema(validator: Draft202012Validator) -> None:
    Draft202012Validator.check_schema(validator.schema)
    text = json.dumps(validator.schema)
    assert validator.schema["$schema"].endswith("2020-12/schema")
    assert '"minLength": 1, "type": "array"' not in text
    assert '"options"' not in json.dumps(validator.schema["$defs"]["ModelSpec"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_valid_in_every_form(path: Path) -> None:
    spec = load_spec(path).spec
    for text in (path.read_text(), dump_spec(spec), commented_spec(spec)):
        INSTALLED.validate(tree(text))
        ANY.validate(tree(text))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_any_valid_spec_is_valid(entries: dict[str, object]) -> None:
    spec = Spec.model_validate(entries)
    ANY.validate(json.loads(json.dumps(entries)))
    ANY.validate(tree(dump_spec(spec)))
    ANY.validate(tree(commented_spec(spec)))


DATA = "data: {source: a.nc, targets: [ozone]}\n"
REST = DATA + "losses: [mse]\n"
BOTH = "losses: [mse]\ndata:\n  source: a.nc\n  targets: [ozone]\n"

SHORT_FORMS = [
    BOTH + "  static: [land, {variable: height, file: h.nc}]",
    BOTH + "  derived: {a: b + c, d: {expr: a / b, units: m}}",
    BOTH + "  step: 1D",
    BOTH + "  split: {train: [1995, 1996], val: ['1997', 1998-06-30]}",
    BOTH + "  time: {start: 1995, step: 1 month}",
    BOTH + "  coarsen:",
    REST + "strata: zones\nevaluation: {metrics: [], neighbourhood: 3}",
    REST + "quantiles: null\ncalibration: null\ninit_from: runs/x",
    DATA + "losses: [mse, {loss: ssim, window: 7, name: s}, {loss: laplacian, updates: {central: 0.5}}]",
]


@pytest.mark.parametrize("text", SHORT_FORMS)
def test_what_may_be_written_shorter_is_valid_too(text: str) -> None:
    parse_spec(text)
    INSTALLED.validate(tree(text))


WRONG = [
    "losses: [mse]",
    DATA,
    REST + "sead: 3",
    REST + "seed: -1",
    REST + "seed: '1'",
    REST + "stq: 2",
    REST + "name: a/b",
    REST + "optim: {lr: 0}",
    REST + "optim: {lr: fast}",
    REST + "optim: {name: adamm}",
    REST + "optim: {groups: {a b: {lr: 1}}}",
    REST + "optim: {clip: {per: groups}}",
    REST + "optim: {betas: [0.9]}",
    REST + "trainer: {devices: 0}",
    REST + "trainer: {gradient_clip_val: 3}",
    REST + "routing: {engine: prune}",
    REST + "model: {hidden: []}",
    REST + "model: {hidden: 24}",
    REST + "model: {nme: convlstm}",
    REST + "model: {name: convlstn}",
    REST + "model: {options: {a: 1}}",
    REST + "quantiles: {levels: []}",
    REST + "quantiles: {levels: [0, 0.5]}",
    REST + "calibration: {by: [horizons]}",
    REST + "freeze: [backbone, backbone]",
    REST + "groups: {backbone: []}",
    REST + "groups: {a.b: [c]}",
    REST + "plugins: [3]",
    REST + "evaluation: {metrics: [nosuch]}",
    REST + "evaluation: {neighbourhood: 0}",
    REST + "tune: {over: {optim.lr: fast}}",
    REST + "tune: {over: {optim.lr: [3]}}",
    REST + "tune: {trials: 0}",
    DATA + "losses: []",
    DATA + "losses: mse",
    DATA + "losses: [msse]",
    DATA + "losses: [{weight: 3}]",
    DATA + "losses: [{loss: mse, weight: -1}]",
    DATA + "losses: [{loss: mse, window: 3}]",
    DATA + "losses: [{loss: ssim, windw: 3}]",
    DATA + "losses: [{loss: ssim, window: wide}]",
    DATA + "losses: [{loss: ssim, window: 2}]",
    DATA + "losses: [{loss: laplacian, levels: 0}]",
    DATA + "losses: [{loss: mse, updates: backbone}]",
    "losses: [mse]\ndata: {source: [], targets: [a]}",
    "losses: [mse]\ndata: {source: a.nc, targets: []}",
    "losses: [mse]\ndata: {source: 3, targets: [a]}",
    BOTH + "  horizons: [0]",
    BOTH + "  normalise: anomly",
    BOTH + "  static: [{file: a.tif}]",
    BOTH + "  split: {train: 0.7}",
    BOTH + "  split: {train: 1.5, val: 0.1}",
    BOTH + "  split: {train: [1995], val: [1996, 1997]}",
    BOTH + "  split: {train: [1995, 1996, 1997], val: [1998, 1999]}",
    BOTH + "  transform: {ozone: log2}",
]


@pytest.mark.parametrize("text", WRONG)
def test_mistakes_are_invalid(text: str) -> None:
    assert not INSTALLED.is_valid(tree(text))


def test_what_a_plugin_file_of_the_spec_brings_may_be_named_and_the_file_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "my_loss.py").write_text("raise SystemExit('it ran')")
    spec = tmp_path / "spec.yaml"
    lines = "losses: [{loss: mine, epsilon: wide}, ours, mse]\nmodel: {name: own, width: 2}\nplugins: [my_loss.py]"
    spec.write_text(DATA + lines)
    made = schema(load_spec(spec))
    validator = Draft202012Validator(made.schema)
    validator.validate(tree(spec.read_text()))
    assert "not run for a schema" in made.notes[-1]
    assert not INSTALLED.is_valid(tree(spec.read_text()))
    for wrong in ("losses: [{loss: mse, epsilon: 1}]", "losses: [3]", "losses: [mse]\nmodel: {kernels: 3}"):
        assert not validator.is_valid(tree(DATA + wrong)), wrong


def test_init_writes_the_schema_beside_the_spec_and_tells_editors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = json.loads(stq("init", "-o", "mine.yaml", "--json").stdout)
    text = Path("mine.yaml").read_text()
    assert made["schema"] == "mine.schema.json"
    assert text.startswith("# yaml-language-server: $schema=mine.schema.json\n")
    Draft202012Validator(json.loads(Path("mine.schema.json").read_text())).validate(tree(text))
    assert load_spec("mine.yaml").spec.data.targets == ("name-of-a-variable",)


def test_the_command_prints_the_schema_or_writes_it(tmp_path: Path) -> None:
    assert json.loads(stq("schema").stdout) == json.loads(stq("schema", "--json").stdout) == INSTALLED.schema
    file = tmp_path / "stq.schema.json"
    assert "yaml-language-server: $schema=stq.schema.json" in stq("schema", "-o", str(file)).stdout
    assert json.loads(file.read_text()) == INSTALLED.schema
    assert stq("schema", "-o", str(tmp_path / "no" / "such")).exit_code == 74
