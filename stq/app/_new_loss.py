"""A loss to begin with: a file, or a distribution that can be installed and shared."""

import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

from stq import files
from stq.errors import UsageError
from stq.registry import load_losses

NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")

LOSS = Template('''\
from stq import hookimpl
from stq.losses import Loss, masked_mean


class $cls(Loss):
    """Mean squared error of the central forecast, to begin with. Say here what yours measures, and its source."""

    name = "$name"
    updates = ("backbone", "central")

    def forward(self, forecast, target):
        error = forecast.central - target.values
        return masked_mean(error.square(), target.valid, target.weight)


@hookimpl
def stq_losses():
    return [$cls]
''')

FILE = Template('''\
"""A loss of my own, for stq. Beside this file, a spec says

plugins: [$module.py]
losses:
  - loss: $name
"""

''')

PYPROJECT = Template("""\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "The loss $name for stq."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["stq"]

[project.entry-points.stq]
$name = "$module"

[tool.hatch.build.targets.wheel]
packages = ["src/$module"]
""")

README = Template("""\
# $distribution

The loss `$name` for stq: what it measures, and why.

    pip install -e .
    stq losses test $name
    python -m pytest

Then name it in a spec:

```yaml
losses:
  - loss: $name
  - loss: pinball
```
""")

TEST = Template('''\
"""What stq asks of its own losses, asked of this one."""

from $module import $cls

from stq.registry import load_losses
from stq.testing import check_loss


def test_the_loss_keeps_the_contract():
    check_loss($cls).raise_for_failures()


def test_stq_finds_the_loss_by_its_entry_point():
    assert load_losses().get("$name").cls is $cls
''')

API = '''stq_api = 1
"""The version of stq's plugin API that this was written for."""


@hookimpl
'''


@dataclass(frozen=True)
class NewLoss:
    """What was written. `try_it` are commands that come next."""

    name: str
    files: tuple[Path, ...]
    try_it: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {"name": self.name, "files": [str(file) for file in self.files], "try_it": list(self.try_it)}


def new_loss(name: str, folder: Path, *, package: bool = False) -> NewLoss:
    """Write a loss called `name` that works as it stands: into a file, or as a distribution with a test.

    Raises UsageError for a name that no loss can have or that one has already, and where a file or folder is there
    already; DiskError where nothing can be written.
    """
    if NAME.fullmatch(name) is None:
        raise UsageError(f"{name!r} is no name for a loss: use lower-case words with - or _ between, such as log-cosh")
    registry = load_losses()
    if name in registry:
        raise UsageError(f"there is a loss {name!r} already, of {registry.get(name).distribution}: choose another name")
    words = {"name": name, "module": name.replace("-", "_"), "cls": camel(name)}
    if package:
        words |= {"module": f"stq_{words['module']}", "distribution": f"stq-{name.replace('_', '-')}"}
        contents = of_package(folder / words["distribution"], words)
        start = folder / words["distribution"]
        try_it: tuple[str, ...] = (f"pip install -e {start}", f"stq losses test {name}")
    else:
        start = folder / f"{words['module']}.py"
        contents = {start: FILE.substitute(words) + LOSS.substitute(words)}
        try_it = (f"stq losses test {start}",)
    if start.exists() or start.is_symlink():
        raise UsageError(f"{start} is there already; choose another name, or another folder with --output")
    with files.whole(start, new=True) as part:
        for path, text in contents.items():
            place = part / path.relative_to(start)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
    return NewLoss(name, tuple(contents), try_it)


def of_package(folder: Path, words: dict[str, str]) -> dict[Path, str]:
    """The files of a distribution."""
    loss = f'"""The loss {words["name"]} as a plugin of stq."""\n\n' + LOSS.substitute(words)
    return {
        folder / "pyproject.toml": PYPROJECT.substitute(words),
        folder / "README.md": README.substitute(words),
        folder / "src" / words["module"] / "__init__.py": loss.replace("@hookimpl\n", API),
        folder / "tests" / f"test_{words['module'].removeprefix('stq_')}.py": TEST.substitute(words),
    }


def camel(name: str) -> str:
    """The name of the class: one that neither Python nor the contract uses."""
    return "".join(word.capitalize() for word in re.split("[-_]", name)) + "Loss"
