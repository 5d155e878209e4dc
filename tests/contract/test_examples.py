"""Every example trains, shortened, and does what its first lines say."""

import re
import runpy
import warnings
from pathlib import Path

import pytest
import torch
from support.command_line import document, stq

from stq.app import RunFolder, evaluate, train
from stq.routing import Route
from stq.spec import load_spec

EXAMPLES = Path(__file__).parents[2] / "examples"
SHORT = ["trainer.max_epochs=2", "trainer.accelerator=cpu"]


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_trains_passes_its_audit_and_is_scored(example: Path, tmp_path: Path) -> None:
    result = train(load_spec(example, SHORT), run_dir=tmp_path / "run")
    assert (result.status, result.epochs) == ("completed", 2)
    assert result.audit.audit.verdict == "pass"
    assert result.audit.audit.reference_difference == 0.0
    scores = evaluate(RunFolder(tmp_path / "run")).scores
    assert all(score.n > 0 and 0 <= (score.coverage or 0) <= 1 for score in scores)
    assert all(score.crossing_rate == 0 for score in scores)


def test_the_original_recipe_is_the_reference_design() -> None:
    spec = load_spec(EXAMPLES / "original.yaml").spec
    assert [loss.loss for loss in spec.losses] == ["mse", "ssim", "laplacian", "histogram", "pinball"]
    assert spec.quantiles is not None
    assert (spec.quantiles.levels, spec.quantiles.order) == ((0.025, 0.975), "independent")
    assert spec.routing.engine == "save-restore"
    assert not spec.optim.groups


def test_the_original_recipe_gives_the_bits_of_the_default_engine(tmp_path: Path) -> None:
    from stq.training import load_weights

    example = EXAMPLES / "original.yaml"
    runs = {}
    for engine in ("save-restore", "pruned"):
        folder = tmp_path / engine
        train(load_spec(example, [*SHORT, f"routing.engine={engine}"]), run_dir=folder)
        runs[engine] = load_weights(folder / "checkpoints" / "best.ckpt")
    assert all(bool((runs["pruned"][name] == value).all()) for name, value in runs["save-restore"].items())


def test_a_loss_from_a_users_own_file_trains_and_is_audited(tmp_path: Path) -> None:
    losses = "[{loss: charbonnier, epsilon: 0.2}, pinball]"
    overrides = [*SHORT, f"plugins=[{EXAMPLES / 'my_loss.py'}]", f"losses={losses}"]
    result = train(load_spec(EXAMPLES / "nasa.yaml", overrides), run_dir=tmp_path / "run")
    verdicts = {(cell.loss, cell.group): cell.verdict for cell in result.audit.audit.cells}
    assert verdicts["charbonnier", "backbone"] == "ok"
    assert verdicts["charbonnier", "quantiles"] == "none"
    assert (tmp_path / "run" / "plugins" / "0-my_loss.py").is_file()
    (tmp_path / "run" / "plugins" / "0-my_loss.py").write_text("print('something else')\n")
    with pytest.raises(Exception, match="sha256"):
        evaluate(RunFolder(tmp_path / "run"))


def test_a_loss_from_an_installed_distribution_trains_and_is_audited(tmp_path: Path) -> None:
    overrides = [*SHORT, "losses=[{loss: huber, delta: 0.5}, pinball]"]
    result = train(load_spec(EXAMPLES / "nasa.yaml", overrides), run_dir=tmp_path / "run")
    verdicts = {(cell.loss, cell.group): cell.verdict for cell in result.audit.audit.cells}
    assert verdicts["huber", "central"] == "ok"
    assert verdicts["pinball", "backbone"] == "blocked"


def test_routing_works_on_a_model_of_ones_own_in_a_loop_and_under_lightning(capsys: pytest.CaptureFixture[str]) -> None:
    """No spec, model or data of stq: what the file imports of it is the routing alone."""
    example = EXAMPLES / "two_heads.py"
    assert re.findall(r"^(?:from|import) (stq\S*)", example.read_text(encoding="utf-8"), re.MULTILINE) == [
        "stq.routing"
    ]
    names = runpy.run_path(str(example))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*")  # Lightning #21326
        names["main"]()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["plain_loop", "lightning"]
    for line in lines:
        assert line.endswith("pass, blocked: radius on trunk")
        assert int(re.search(r"(\d+)%", line)[1]) > 90


def test_the_second_task_of_that_model_leaves_the_first_as_it_would_be_alone() -> None:
    names = runpy.run_path(str(EXAMPLES / "two_heads.py"))
    before = names["plain_loop"](steps=20).state_dict()
    names["ROUTES"]["radius"] = Route(100.0, {"radius": 1.0})
    after = names["plain_loop"](steps=20).state_dict()
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert "radius.weight" in changed
    assert changed <= {"radius.weight", "radius.bias"}


@pytest.mark.parametrize(("engine", "verdict"), [("pruned", "pass"), ("joint", "leak")])
def test_that_model_is_checked_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, engine: str, verdict: str
) -> None:
    monkeypatch.chdir(EXAMPLES)
    result = stq("check-grads", "--module", "two_heads:make", "--engine", engine, "--json")
    audit = document(result)
    assert (audit["verdict"], result.exit_code) == (verdict, 0 if verdict == "pass" else 4)
    cells = {(cell["loss"], cell["group"]): cell["verdict"] for cell in audit["matrix"]}
    assert cells["radius", "trunk"] == ("blocked" if verdict == "pass" else "leak")
