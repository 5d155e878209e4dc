"""Losses of strangers, in a file and in a distribution, through the commands that use them."""

import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from support.command_line import document, stq
from support.plugin_files import LOSS, install

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_loss.py"


@pytest.fixture
def with_example(spec: Path) -> list[str]:
    """Arguments for a spec whose error of the central forecast is the example's."""
    return [str(spec), "--set", f"plugins=[{EXAMPLE}]", "--set", "losses.mse={loss: charbonnier, epsilon: 0.2}"]


def test_a_loss_of_ones_own_trains_and_is_checked(with_example: list[str]) -> None:
    checked = stq("check-grads", *with_example, "--json")
    assert checked.exit_code == 0, checked.stderr
    cells = {(cell["loss"], cell["group"]): cell["verdict"] for cell in document(checked)["matrix"]}
    assert (cells["charbonnier", "backbone"], cells["charbonnier", "quantiles"]) == ("ok", "none")
    trained = stq("train", *with_example, "--run-dir", "run", "--set", "trainer.max_epochs=1", "--json")
    assert trained.exit_code == 0, trained.stderr
    assert (Path("run") / "plugins" / "0-my_loss.py").read_bytes() == EXAMPLE.read_bytes()
    assert stq("eval", "run").exit_code == 0
    resumed = stq("train", "run", "--resume", "--json")
    assert resumed.exit_code == 0, resumed.stderr


def test_a_copied_plugin_that_was_changed_is_refused(with_example: list[str]) -> None:
    assert stq("train", *with_example, "--run-dir", "run", "--set", "trainer.max_epochs=1").exit_code == 0
    with (Path("run") / "plugins" / "0-my_loss.py").open("a") as file:
        file.write("\n# changed\n")
    result = stq("eval", "run")
    assert result.exit_code == 4
    assert "sha256" in result.stderr


def test_plugin_files_that_can_not_be_used_are_told_at_once_and_shown_in_the_spec(spec: Path) -> None:
    spec.with_name("raises.py").write_text("x = 1\nimport nothing_of_that_name\n")
    spec.with_name("hook.py").write_text("from stq import hookimpl\n@hookimpl\ndef stq_looses(): return []\n")
    for kind in ("models", "readers", "metrics"):
        hook = f"from stq import hookimpl\n@hookimpl\ndef stq_{kind}(): return 1 / 0\n"
        spec.with_name(f"{kind}.py").write_text(hook)
    for number in (1, 2):
        spec.with_name(f"twin{number}.py").write_text(LOSS.format(name="twice") + f"NUMBER = {number}\n")
    text, spec = spec.read_text(), spec.with_name("broken-files.yaml")  # the fixture is for all tests
    for line, wrong in (
        ("plugins: [raises.py, hook.py]", {"raises.py": ":2: ModuleNotFoundError", "hook.py": "did you mean 'stq_los"}),
        ("plugins: [gone.py, hook.py, lost.py]", {"gone.py": "can't be read", "lost.py": "can't be read"}),
        (
            "plugins: [models.py, readers.py, metrics.py]",
            {f"{kind}.py": f"stq_{kind}() failed: ZeroDivisionError" for kind in ("models", "readers", "metrics")},
        ),
        ("plugins: [twin1.py, twin2.py]", {"twin2.py": "two losses are called 'twice', of "}),
        ("plugins: [twin1.py, hook.py, twin2.py]", {"hook.py": "did you mean", "twin2.py": "called 'twice'"}),
    ):
        spec.write_text(f"{line}\n{text}")
        result = stq("check", spec, "--json")
        problems = document(result)["error"]["problems"]
        assert result.exit_code == 2
        assert [each["where"] for each in problems] == [f"{spec}:1:{line.index(file) + 1}" for file in wrong]
        for (file, words), each in zip(wrong.items(), problems, strict=True):
            assert file in each["message"]
            assert words in each["message"]
            assert "^" * len(file) in each["excerpt"]


@pytest.mark.skipif(not any(point.name == "huber" for point in entry_points(group="stq")), reason="stq-huber is absent")
def test_an_installed_loss_trains_and_is_checked(spec: Path) -> None:
    changes = [spec, "--set", "losses.mse={loss: huber, delta: 0.5}", "--json"]
    checked, trained = stq("check-grads", *changes), stq("train", *changes, "--dry-run")
    assert (checked.exit_code, trained.exit_code) == (0, 0), checked.stderr
    assert "huber" in {cell["loss"] for cell in document(checked)["matrix"]}
    assert "stq-huber" in stq("losses").stdout
    assert "ok" in stq("plugins", "--check").stdout


BROKEN = {
    "raises-on-import": ("import nothing_of_that_name", "ModuleNotFoundError"),
    "wrong-hook": ("from stq import hookimpl\n@hookimpl\ndef stq_looses(): return []", "unknown hook 'stq_looses'"),
    "another-api": ("stq_api = 7\n" + LOSS.format(name="later"), "version 7 of the plugin API"),
    "first-twin": (LOSS.format(name="twin"), "two losses are called 'twin', of first-twin and second-twin"),
    "second-twin": (LOSS.format(name="twin"), "two losses are called 'twin', of first-twin and second-twin"),
}


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every kind of broken plugin, installed at once."""
    folder = tmp_path_factory.mktemp("site")
    monkeypatch.syspath_prepend(folder)
    for name, (source, _) in BROKEN.items():
        install(folder, name, source, entry=name)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def test_broken_plugins_hurt_no_command_that_does_without_them_and_are_explained(spec: Path, site: Path) -> None:
    trained = stq("train", spec, "--dry-run", "--json")
    assert trained.exit_code == 0, trained.stderr
    named = stq("losses")
    assert named.exit_code == 0
    told = " ".join(named.stdout.split())
    assert "note: two losses are called 'twin', of first-twin and second-twin" in told
    assert "note: the plugin 'raises-on-import' of raises-on-import is broken: ModuleNotFoundError" in told
    assert len(document(stq("models", "--json"))["left_out"]) == 3
    listed = stq("plugins", "--json")
    assert listed.exit_code == 0
    assert set(BROKEN) <= {card["distribution"] for card in document(listed)["plugins"]}
    checked = stq("plugins", "--check", "--json")
    assert checked.exit_code == 4
    causes = {card["distribution"]: card["cause"] for card in document(checked)["plugins"] if card["cause"]}
    assert set(causes) == set(BROKEN)
    for name, (_, words) in BROKEN.items():
        assert words in causes[name]
    asked = stq("train", spec, "--set", "losses.mse=twin", "--dry-run")
    assert asked.exit_code == 2
    assert "first-twin and second-twin" in " ".join(asked.stderr.split())


def test_leaving_out_one_of_two_that_clash_makes_the_other_usable(spec: Path, site: Path) -> None:
    changes = [spec, "--set", "losses.mse=twin", "--dry-run", "--json"]
    for arguments in (["--no-plugin", "second-twin", "train", *changes], ["train", *changes, "--no-plugin=first-twin"]):
        result = stq(*arguments)
        assert result.exit_code == 0, result.stderr
    assert stq("losses", "show", "twin").exit_code == 2
    unknown = stq("plugins", "--no-plugin", "third-twin")
    assert (unknown.exit_code, "no plugin 'third-twin' to leave out" in unknown.stderr) == (2, True)


def test_a_loss_is_shown_with_tag_options_equation_source_and_distribution() -> None:
    shown = stq("losses", "show", "pinball")
    assert shown.exit_code == 0
    for words in ("quantiles", "L = ", "doi:", "from", "stq", "- loss: pinball"):
        assert words in shown.stdout
    card = document(stq("losses", "show", "laplacian", "--json"))
    assert card["options"]["levels"]["type"] == "int"
    assert card["options"]["levels"]["default"] == 3
