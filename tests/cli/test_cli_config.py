"""`stq config`: what is in force, where it came from, and how two differ."""

from pathlib import Path

from support.command_line import Trained, document, stq


def origins(*arguments: object) -> dict[str, tuple[object, str]]:
    """Value and origin by key."""
    result = stq("config", "show", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return {row["key"]: (row["value"], row["origin"]) for row in document(result)["settings"]}


def test_each_value_of_a_spec_is_traced_to_its_line_an_argument_or_the_default(spec: Path) -> None:
    found = origins(spec, "--set", "optim.lr=0.5", "--set", "losses.laplacian.levels=1")
    assert found["name"] == ("tiny", f"{spec}:2:7")
    assert found["data.source"] == ([str(spec.parent / "grid.nc")], f"{spec}:4:11")
    assert found["losses.laplacian.weight"] == (0.5, f"{spec}:14:31")
    assert found["losses.laplacian.levels"] == (1, "--set")
    assert found["losses.mse.loss"] == ("mse", f"{spec}:13:5")
    assert found["losses.mse.weight"] == (1.0, "default")
    assert found["optim.lr"] == (0.5, "--set")
    assert found["optim.weight_decay"] == (0.0001, "default")


def test_every_default_of_the_spec_is_shown(spec: Path) -> None:
    shown = stq("config", "show", spec).stdout
    assert "trainer.accumulate_grad_batches" in shown
    brief = stq("config", "show", spec, "--set-only").stdout
    assert "accumulate_grad_batches" not in brief
    assert "trainer.max_epochs" in brief


def test_a_run_shows_what_it_trained_with(trained: Trained) -> None:
    found = origins(trained.run)
    assert found["trainer.max_epochs"] == (2, "spec.yaml:16:23")
    assert found["data.source"] == ([str(trained.spec.parent / "grid.nc")], "spec.yaml:4:11")
    assert found["seed"] == (0, "default")


def test_a_value_that_neither_text_nor_argument_explains_is_not_passed_off_as_written(run_copy: Path) -> None:
    resolved = run_copy / "resolved.yaml"
    resolved.write_text(resolved.read_text().replace("max_epochs: 2", "max_epochs: 3"))
    assert origins(run_copy)["trainer.max_epochs"] == (3, "set by a program")


def test_the_difference_of_a_spec_and_a_run_is_what_was_changed(trained: Trained) -> None:
    assert document(stq("config", "diff", trained.spec, trained.run, "--json"))["differences"] == []
    assert "no difference" in stq("config", "diff", trained.spec, trained.run).stdout
    other = Path("other.yaml")
    text = trained.spec.read_text().replace("hidden: [3]", "hidden: [5]").replace("  - mse\n", "")
    other.write_text(text.replace("grid.nc", str(trained.spec.parent / "grid.nc")))
    rows = {row["key"]: row for row in document(stq("config", "diff", trained.run, other, "--json"))["differences"]}
    assert set(rows) == {"model.hidden", *(f"losses.mse.{key}" for key in ("loss", "name", "weight", "updates"))}
    assert (rows["model.hidden"]["one"]["value"], rows["model.hidden"]["other"]["value"]) == ([3], [5])
    assert rows["losses.mse.loss"]["other"] is None


def test_what_is_neither_a_spec_nor_a_run_is_refused() -> None:
    assert stq("config", "show", "gone.yaml").exit_code == 2
    Path("empty").mkdir()
    assert stq("config", "show", "empty").exit_code == 2
