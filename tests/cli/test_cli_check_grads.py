"""check-grads over several batches, and on models that have no spec."""

import re
from pathlib import Path

import pytest
from support.command_line import document, stq

KEYS = {
    *("verdict", "name", "engine", "data", "steps", "groups", "matrix", "modules", "reference", "passes", "cost"),
    *("conflicts", "problems"),
}
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "gradients.md"

LIGHTNING = """
import torch
from pytorch_lightning import LightningModule
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from stq.routing import Groups, Route, RoutedBackward, Router, plan_routes


class Two(RoutedBackward, LightningModule):
    def __init__(self):
        super().__init__()
        self.body, self.mean, self.upper = nn.Linear(3, 8), nn.Linear(8, 1), nn.Linear(8, 1)
        patterns = {"body": ["body.*"], "mean": ["mean.*"], "upper": ["upper.*"]}
        routes = {"mse": Route(1.0, {"body": 1.0, "mean": 1.0}), "pinball": Route(1.0, {"upper": 1.0})}
        self.router = Router(plan_routes(Groups.of(self, patterns), routes))

    def training_step(self, batch, index):
        x, y = batch
        features = torch.tanh(self.body(x))
        FAULT
        error = y - self.upper(features)
        pinball = torch.maximum(0.9 * error, -0.1 * error).mean()
        return self.router.total({"mse": (y - self.mean(features)).square().mean(), "pinball": pinball})

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())


def make():
    return Two(), DataLoader(TensorDataset(torch.randn(8, 3), torch.randn(8, 1)), batch_size=2)
"""


@pytest.fixture
def two_heads(workplace: Path) -> str:
    """The example of the documentation, saved as it says."""
    (code,) = re.findall(r"```python\n(import torch\n.*?)```", DOCUMENTATION.read_text(), flags=re.DOTALL)
    return save(workplace, code)


count = 0


def save(workplace: Path, code: str) -> str:
    """Write the code as a module that was never imported; gives MODULE:make."""
    global count
    count += 1
    (workplace / f"users_model_{count}.py").write_text(code)
    return f"users_model_{count}:make"


@pytest.mark.parametrize("source", [("--synthetic",), ()], ids=["made-up", "real"])
def test_steps_are_audited_and_put_together(spec: Path, source: tuple[str, ...]) -> None:
    """Seven batches: more than an epoch has."""
    result = stq("check-grads", spec, "--steps", 7, *source, "--json")
    audit = document(result)
    assert result.exit_code == 0, result.output
    assert set(audit) == KEYS
    assert (audit["verdict"], audit["name"], audit["steps"], audit["passes"]) == ("pass", "tiny", 7, 2)
    assert set(audit["cost"]) == {"engine_seconds", "joint_seconds", "ratio"}
    assert audit["cost"]["ratio"] == pytest.approx(audit["cost"]["engine_seconds"] / audit["cost"]["joint_seconds"])
    one = document(stq("check-grads", spec, *source, "--json"))
    assert one["steps"] == 1
    assert one["matrix"][0]["raw_norm"] != audit["matrix"][0]["raw_norm"]


def test_several_batches_are_told_on_the_screen(spec: Path) -> None:
    text = " ".join(stq("check-grads", spec, "--steps", 2).stdout.split())
    assert "tiny, 2 batches of the training data" in text
    assert "Root mean square over 2 batches" in text
    assert re.search(r"pruned, 2 backward passes, \d+\.\d\d of the time of a joint one", text)


def test_accumulation_and_a_plateau_are_part_of_the_step(spec: Path) -> None:
    settings = ["--set", "trainer.accumulate_grad_batches=3", "--set", "trainer.max_steps=1"]
    audit = document(stq("check-grads", spec, "--steps", 4, *settings, "--json"))
    assert (audit["verdict"], audit["steps"]) == ("pass", 4)


@pytest.mark.parametrize("engine", ["pruned", "save-restore", "joint"])
def test_the_example_of_the_documentation_is_audited_under_each_engine(two_heads: str, engine: str) -> None:
    result = stq("check-grads", "--module", two_heads, "--engine", engine, "--steps", 2, "--json")
    audit = document(result)
    assert set(audit) == KEYS
    assert (audit["name"], audit["engine"], audit["data"], audit["steps"]) == (two_heads, engine, "module", 2)
    assert (result.exit_code, audit["verdict"]) == ((4, "leak") if engine == "joint" else (0, "pass"))
    assert audit["passes"] == (1 if engine == "joint" else 2)
    verdicts = {(cell["loss"], cell["group"]): cell["verdict"] for cell in audit["matrix"]}
    assert verdicts["pinball", "body"] == ("leak" if engine == "joint" else "blocked")


def test_a_lightning_module_is_audited_on_its_own_training_step(workplace: Path) -> None:
    result = stq("check-grads", "--module", save(workplace, LIGHTNING.replace("FAULT", "pass")), "--steps", 5)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert "5 batches of its own" in result.stdout
    leaky = save(workplace, LIGHTNING.replace("FAULT", "features = features.detach()"))
    dead = stq("check-grads", "--module", leaky, "--json")
    assert (dead.exit_code, document(dead)["verdict"]) == (4, "dead")
    joint = stq(
        "check-grads", "--module", save(workplace, LIGHTNING.replace("FAULT", "")), "--engine", "joint", "--json"
    )
    assert (joint.exit_code, document(joint)["engine"], document(joint)["verdict"]) == (4, "joint", "leak")


MISTAKES = {
    "no colon": ("users_model", None, "--module takes MODULE:FACTORY"),
    "no such module": ("no_such_module:make", None, "there is no module 'no_such_module'"),
    "a missing import": (None, "import not_there", "ModuleNotFoundError: No module named 'not_there' (users_model_"),
    "a syntax error": (None, "def make(:", "SyntaxError"),
    "an error in the module": (None, "\n1 / 0", "failed: ZeroDivisionError: division by zero (users_model_"),
    "it leaves": (None, "raise SystemExit(7)", "failed: SystemExit: 7 (users_model_"),
    "no such name": (None, "def makes(): ...", "has no 'make'; did you mean 'makes'?"),
    "not a function": (None, "make = 3", "is of type int; expected a function"),
    "the factory fails": (None, "def make():\n    return {}['x']", "failed: KeyError: 'x' (users_model_"),
    "it wants arguments": (None, "def make(x): ...", "wants arguments: (x); expected a function without"),
    "nothing": (None, "def make(): ...", "gave a NoneType; expected a stq.routing.Audited, or a pair"),
    "three things": (None, "def make(): return 1, 2, 3", "gave a tuple of 3; expected"),
    "no LightningModule": (None, "def make(): return [], []", "a list is no LightningModule"),
    "not routed": (
        None,
        "from pytorch_lightning import LightningModule\ndef make(): return LightningModule(), []",
        "LightningModule is not routed: put RoutedBackward before LightningModule",
    ),
    "its step fails": (
        None,
        LIGHTNING.replace("FAULT", "features = features @ x"),
        "its training step failed: Runtime",
    ),
    "no optimiser": (
        None,
        LIGHTNING.replace("configure_optimizers", "nothing").replace("FAULT", ""),
        "configure_optimizers",
    ),
    "an unknown group": (None, LIGHTNING.replace('{"upper": 1.0})}', '{"uper": 1.0})}'), "did you mean 'upper'?"),
}


@pytest.mark.parametrize(("reference", "code", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_the_users_code_is_one_line_with_its_place(
    workplace: Path, reference: str | None, code: str | None, words: str
) -> None:
    reference = save(workplace, code or "") if reference is None else reference
    result = stq("check-grads", "--module", reference, "--json")
    assert result.exit_code == 2, result.output
    assert words in document(result)["error"]["message"]
    assert "Traceback" not in result.stderr
    if "(users_model_" in words:
        assert re.search(r"\(users_model_\d+\.py:\d+\)", document(result)["error"]["message"])


def test_losses_that_fail_are_told_with_their_line(workplace: Path, two_heads: str) -> None:
    code = (workplace / f"{two_heads.partition(':')[0]}.py").read_text()
    broken = save(workplace, code.replace('net["upper"](features)', 'net["upperr"](features)'))
    message = document(stq("check-grads", "--module", broken, "--json"))["error"]["message"]
    assert re.search(r"its losses failed: KeyError: 'upperr' \(users_model_\d+\.py:\d+\)", message)
    missing = save(workplace, code.replace('"pinball": torch', '"pinbal": torch'))
    message = document(stq("check-grads", "--module", missing, "--json"))["error"]["message"]
    assert "'pinball' has no value" in message
    listed = save(workplace, code.replace("        return {", "        return [1]\n        return {"))
    message = document(stq("check-grads", "--module", listed, "--json"))["error"]["message"]
    assert "losses(0) gave a list; expected a mapping" in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name what is to be checked"),
        (("SPEC", "--module", "a:b"), "leave out"),
        (("--module", "a:b", "--set", "seed=1"), "leave out --set"),
        (("--module", "a:b", "--synthetic"), "leave out --synthetic"),
        (("SPEC", "--steps", "0"), "greater than or equal to 1"),
        (("--module", "a:b", "--engine", "prunned"), "'prunned' is not one of"),
    ],
)
def test_either_a_spec_or_a_module_is_checked(spec: Path, arguments: tuple[str, ...], words: str) -> None:
    result = stq("check-grads", *(str(spec) if word == "SPEC" else word for word in arguments), "--json")
    assert result.exit_code == 2
    assert words in document(result)["error"]["message"]
