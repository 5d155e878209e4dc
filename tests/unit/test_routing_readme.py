"""The example in the package's README runs as it stands."""

import re
from pathlib import Path

import pytest
import torch

import stq.routing

README = Path(stq.routing.__file__).parent / "README.md"


def test_the_example_trains_and_passes_its_audit(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    torch.manual_seed(0)
    exec(compile(example, str(README), "exec"), names)
    assert capsys.readouterr().out.split() == ["pass"] * 3
    assert all(parameter.grad is not None for parameter in names["net"].parameters())


def test_it_names_every_engine() -> None:
    assert all(f"| `{name}` |" in README.read_text(encoding="utf-8") for name in stq.routing.ENGINES)
