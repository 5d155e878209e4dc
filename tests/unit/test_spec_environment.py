"""Environment variables in a spec: only where it asks, as text, once, and told where they come from."""

from pathlib import Path

import pytest

from stq.errors import SpecError
from stq.spec import dump_spec, load_spec, parse_spec, settings

REST = "losses: [mse]\ndata:\n  targets: [ozone]\n"
ON = "environment: true\n"


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STQ_TEST_FOLDER", "/srv/${env:HOME}")
    monkeypatch.setenv("STQ_TEST_NAME", "a: [b")
    monkeypatch.delenv("STQ_TEST_GONE", raising=False)


def test_variables_are_put_into_texts_as_they_are() -> None:
    text = ON + REST + "  source: [${env:STQ_TEST_FOLDER}/a.nc, 'x/${env:STQ_TEST_GONE:b}${env:STQ_TEST_GONE:}.nc']\n"
    with pytest.raises(SpecError, match="close"):  # braces within brackets are YAML's own
        parse_spec(text)
    spec = parse_spec(text.replace("[${env:STQ_TEST_FOLDER}/a.nc,", "['${env:STQ_TEST_FOLDER}/a.nc',")).spec
    assert spec.data.source == ("/srv/${env:HOME}/a.nc", "x/b.nc")
    again = parse_spec(dump_spec(spec)).spec
    assert again == spec
    assert not again.environment


def test_they_stay_texts_unless_the_spec_asks_for_them() -> None:
    for switch in ("", "environment: false\n"):
        assert parse_spec(switch + REST + "  source: ${env:STQ_TEST_GONE}").spec.data.source == (
            "${env:STQ_TEST_GONE}",
        )
    name = parse_spec(ON + REST + "  source: a.nc\n  inputs:\n  - ${env:STQ_TEST_NAME}").spec.data.inputs
    assert name == ("a: [b",)


@pytest.mark.parametrize(
    ("value", "column", "message", "hint"),
    [
        ("x/${env:ZZ0Q}.nc", 13, 'no environment variable "ZZ0Q"', "export it, or give a default: ${env:ZZ0Q:...}"),
        ("${env:STQ_TEST_NAMES}.nc", 11, 'variable "STQ_TEST_NAMES"', '"STQ_TEST_NAME"'),
        ("${env:1}", 11, "expected ${env:NAME}", "letters"),
        ("${env:A:${env:B}}", 11, "expected ${env:NAME}", ""),
        ("a ${env:}", 13, "expected ${env:NAME}", ""),
    ],
)
def test_one_that_is_missing_is_shown_at_its_place(value: str, column: int, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(ON + REST + f"  source: {value}")
    (problem,) = caught.value.problems
    assert problem.where == f"spec:5:{column}"
    assert message in problem.message
    assert hint in problem.hint


def test_a_text_with_a_missing_one_is_not_judged_by_what_is_left_of_it() -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(ON + REST + "  source: a.nc\n  inputs:\n  - ozone${env:ZZ0Q}")
    assert [problem.message for problem in caught.value.problems] == ['there is no environment variable "ZZ0Q"']


def test_an_argument_may_ask_for_them_and_their_origin_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(ON + REST + "  source: ${env:STQ_TEST_GONE:a.nc}\ninit_from: ${env:STQ_TEST_FOLDER}/run")
    loaded = load_spec(file)
    assert loaded.spec.data.source == (str(tmp_path / "a.nc"),)
    monkeypatch.setenv("STQ_TEST_GONE", "another")
    told = {each.key: each.origin for each in settings(loaded.spec, loaded.text, name="spec.yaml")}
    assert told["data.source"] == "spec.yaml:5:11 ${env:STQ_TEST_GONE}"
    assert told["init_from"] == "spec.yaml:6:12 ${env:STQ_TEST_FOLDER}"
    assert told["environment"] == "spec.yaml:1:14"
    overrides = ["environment=true", "name=${env:STQ_TEST_GONE}"]
    assert parse_spec(REST + "  source: a.nc", overrides=overrides).spec.name == "another"
