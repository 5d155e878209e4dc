"""What others rely on: light imports, documented fields, the required keys, no endless reading."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

import stq.spec
from stq.errors import SpecError
from stq.spec import Spec, field_docs, parse_spec

SECTIONS = [member for member in vars(stq.spec).values() if isinstance(member, type) and issubclass(member, BaseModel)]
REQUIRED = {
    ("Spec", "data"), ("Spec", "losses"), ("DataSpec", "source"), ("DataSpec", "targets"),
    ("SplitSpec", "train"), ("SplitSpec", "val"), ("LossSpec", "loss"), ("StaticSpec", "variable"),
    ("DerivedSpec", "expr"), ("MaskSpec", "where"), ("MetricSpec", "metric"), ("LoggerSpec", "name"),
    ("RareSpec", "variable"), ("RareSpec", "above"), ("TimeStepSpec", "every"),
}  # fmt: skip


def test_the_spec_imports_nothing_heavy() -> None:
    heavy = ("torch", "numpy", "xarray", "pytorch_lightning", "lightning", "pandas", "scipy", "torchmetrics")
    code = f"import sys, stq.spec; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_field_is_documented_with_its_default(section: type[BaseModel]) -> None:
    assert section.__doc__
    docs = field_docs(section)
    for name, field in section.model_fields.items():
        assert docs.get(name), f"{section.__name__}.{name} has no docstring"
        if field.is_required():
            assert (section.__name__, name) in REQUIRED
        elif not (section is Spec and name in ("model", "optim", "trainer")):
            assert "default" in docs[name].lower(), f"{section.__name__}.{name} states no default"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_section_is_frozen_closed_and_strict(section: type[BaseModel]) -> None:
    assert section.model_config["frozen"]
    assert section.model_config["extra"] == "forbid"
    assert section.model_config["strict"]


def test_all_sections_are_exported() -> None:
    assert set(sections_below(Spec)) <= set(SECTIONS)


def sections_below(kind: object) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from sections_below(field.annotation)
    for argument in getattr(kind, "__args__", ()):
        yield from sections_below(argument)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{a: " * 60_000,
        "a: &a [x]\n" + "\n".join(f"k{i}: &b{i} [*a, *a, *a, *a]" for i in range(50)),
        "- " * 100_000,
        "a" * 250_000 + ": 1",
        "\n".join(f"k{i}: {i}" for i in range(500)),
        "'" * 250_000,
    ],
    ids=["lists", "mappings", "aliases", "items", "long key", "many keys", "quotes"],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    with pytest.raises(SpecError):
        parse_spec(text)
    assert time.process_time() - began < 5
