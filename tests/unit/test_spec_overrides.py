"""`--set` goes through the same reading and the same checks as the file."""

import pytest

from stq.errors import SpecError
from stq.spec import Spec, parse_spec
from stq.spec._overrides import apply_override
from stq.spec._source import Source
from stq.spec._yaml import read_yaml

TEXT = """\
data: {source: a.nc, targets: [ozone]}
losses:
  - mse
  - {loss: ssim, weight: 0.3}
  - {loss: pinball, name: band}
optim:
  clip: null
"""


def spec(*overrides: str) -> Spec:
    return parse_spec(TEXT, overrides=overrides).spec


def problem(*overrides: str) -> tuple[str, str, str]:
    with pytest.raises(SpecError) as caught:
        spec(*overrides)
    (only,) = caught.value.problems
    assert only.where == "--set"
    quoted, carets = only.excerpt.split("\n")
    start = carets.index("^")
    return only.message, only.hint, quoted[start : start + carets.count("^")]


def test_a_value_is_read_as_in_the_file() -> None:
    assert spec("optim.lr=3e-4").optim.lr == 3e-4
    assert spec("name=off").name == "off"
    assert spec("data.horizons=[1, 3]").data.horizons == (1, 3)
    assert spec("optim={lr: 1, name: sgd}").optim.lr == 1.0
    assert spec("quantiles=null").quantiles is None
    assert spec("quantiles=~").quantiles is None


def test_a_later_argument_wins() -> None:
    assert spec("seed=1", "seed=2").seed == 2


def test_keys_that_the_text_lacks_are_added() -> None:
    assert spec("model.heads.hidden=8").model.heads.hidden == 8
    assert spec("optim.groups.quantiles.lr=1e-2").optim.groups["quantiles"].lr == 0.01


def test_a_section_that_is_null_is_begun() -> None:
    clip = spec("optim.clip.norm=2").optim.clip
    assert clip is not None
    assert clip.norm == 2.0


def test_losses_are_found_by_name_by_kind_and_by_index() -> None:
    assert spec("losses.ssim.weight=0.1").losses[1].weight == 0.1
    assert spec("losses.band.weight=0.1").losses[2].weight == 0.1
    assert spec("losses.1.weight=0.1").losses[1].weight == 0.1
    assert spec("losses.ssim.levels=3").losses[1].options == {"levels": 3}


def test_a_loss_given_by_its_name_alone_can_be_changed() -> None:
    loss = spec("losses.mse.weight=0.5").losses[0]
    assert (loss.loss, loss.name, loss.weight) == ("mse", "mse", 0.5)
    assert spec("losses.0=ssim2").losses[0].loss == "ssim2"


def test_unknown_key_points_into_the_argument() -> None:
    assert problem("optim.lrr=3") == ('unknown key "lrr" under optim', 'did you mean "lr"?', "lrr")
    assert problem("optin.lr=3") == ('unknown key "optin"', 'did you mean "optim"?', "optin")


def test_wrong_value_points_into_the_argument() -> None:
    message, _, word = problem("optim.lr=fast")
    assert message == 'expected a number above 0, found "fast"'
    assert word == "fast"
    assert problem("data.horizons=[1, 0]")[2] == "0"


def test_unknown_loss_is_answered_with_the_nearest() -> None:
    assert problem("losses.ssmi.weight=1")[1:] == ('did you mean "ssim"?', "ssmi")
    assert problem("losses.zzz.weight=1")[1] == "there are mse, ssim, band"
    assert problem("losses.9.weight=1")[0] == "expected an index below 3, found 9"
    assert problem("losses.pinball.weight=1")[1] == "there are mse, ssim, band"


def test_path_into_a_value_is_refused() -> None:
    message, _, word = problem("data.source.x=1")
    assert message == 'expected a mapping or a list above this, found "a.nc"'
    assert word == "x"


@pytest.mark.parametrize("argument", ["optim.lr", "=3", "optim.lr=", "a b=3", "=", "", ".=3", "a..b=1", "a.=1"])
def test_argument_of_another_form_is_refused(argument: str) -> None:
    message, hint, word = problem(argument)
    assert message == "expected key.path=value"
    assert word == argument
    assert "optim.lr=3e-4" in hint


def test_a_path_may_be_as_long_as_said_and_no_longer() -> None:
    deepest, longest = ".".join("a" * 20), "b" * 200
    for path in (deepest, longest):
        assert problem(f"{path}=1")[0].startswith("unknown key")
    for path in (f"{deepest}.a", f"{longest}b", f"a.{longest}b"):
        message, _, word = problem(f"{path}=1")
        assert message == "expected at most 20 steps of 200 characters each in a key, found more"
        assert word == path[:100]  # of a longer line so much is shown


def test_what_is_not_allowed_in_a_value_is_told_with_its_whole_path() -> None:
    root, _ = read_yaml(Source("spec", TEXT))
    (tagged,) = apply_override(root, "losses.ssim.weight=!!int 3")
    assert tagged.path == ("losses", 1, "weight")
    (anchored,) = apply_override(root, "data.horizons=[1, &x 2]")
    assert anchored.path == ("data", "horizons", 1)


def test_syntax_errors_point_into_the_argument() -> None:
    assert problem("optim.lr='fast")[0] == "a quoted text is not closed"
    assert problem("optim.lr=*x")[2] == "*x"
    assert problem("optim.lr=1e999")[2] == "1e999"
    assert problem("name=#1")[0] == "expected a value, found an empty text"


def test_a_mistake_in_the_text_that_an_argument_replaces_is_gone() -> None:
    wrong = TEXT.replace("clip: null", "lr: fast")
    assert parse_spec(wrong, overrides=["optim.lr=1e-3"]).spec.optim.lr == 1e-3
