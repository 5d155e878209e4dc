"""Properties of reading and writing specs, over drawn specs and drawn nonsense."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stq.errors import SpecError
from stq.spec import Spec, commented_spec, dump_spec, load_spec, parse_spec

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
TRICKY = st.sampled_from(
    ["1e-3", "012", "0o7", "off", "null", "~", "<<", "1:30", "1995-01", "=", "- a", "a: b", "#x", "é"]
)
WORDS = TEXTS | TRICKY
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
POSITIVE = st.floats(1e-300, 1e300) | st.integers(1, 10**6)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1)
OPTIONS = st.none() | st.booleans() | NUMBERS | WORDS
RESERVED = {"loss", "name", "weight", "updates", "options"}


@st.composite
def losses(draw: st.DrawFn) -> list[dict[str, object]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    updates = st.none() | st.lists(NAMES, max_size=3, unique=True) | st.dictionaries(NAMES, st.floats(0, 1), max_size=3)
    options = st.dictionaries(NAMES.filter(lambda name: name not in RESERVED), OPTIONS | st.lists(OPTIONS), max_size=2)
    return [
        {"loss": draw(NAMES), "name": name, "weight": draw(POSITIVE), "updates": draw(updates)} | draw(options)
        for name in names
    ]


@st.composite
def specs(draw: st.DrawFn) -> dict[str, object]:
    """A spec as its text would be read; the models are made in the test, since their checks draw random numbers."""
    names = draw(st.lists(WORDS, min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(1, len(names)))
    levels = st.lists(st.floats(0, 1, exclude_min=True, exclude_max=True), min_size=1, max_size=4, unique=True)
    dates = {"train": ["1995", "1996-02"], "val": ["1996-03", "1997-01-01"]}
    return {
        "name": draw(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,9}", fullmatch=True)),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "data": {
            "source": draw(st.lists(WORDS, min_size=1, max_size=2)),
            "targets": names[:cut],
            "inputs": names[cut:],
            "horizons": sorted(draw(st.sets(st.integers(1, 50), min_size=1, max_size=3))),
            "split": draw(st.sampled_from([dates, {"train": 0.5, "val": 0.25}])),
        },
        "quantiles": draw(st.none() | st.builds(lambda values: {"levels": sorted(values)}, levels)),
        "losses": draw(losses()),
        "groups": draw(st.dictionaries(NAMES, st.lists(WORDS, min_size=1, max_size=2, unique=True), max_size=2)),
        "optim": {
            "lr": draw(POSITIVE),
            "name": draw(st.sampled_from(["adamw", "sgd"])),
            "groups": {draw(NAMES): {"lr": draw(POSITIVE), "name": draw(st.sampled_from([None, "nadam", "rmsprop"]))}},
            "schedule": {"name": draw(st.sampled_from(["cosine", "step", "exponential", "plateau", "one-cycle"]))},
        },
        "init_from": draw(st.none() | WORDS),
    }


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_a_dumped_spec_reads_back_equal(entries: dict[str, object]) -> None:
    spec = Spec.model_validate(entries)
    text = dump_spec(spec)
    again = parse_spec(text).spec
    assert again == spec
    assert dump_spec(again) == text


FRAGMENTS = st.sampled_from(
    [
        "data", "source", "targets", "losses", "optim", "lr", "split", "train", "quantiles", "levels", "updates", ": ",
        "\n", "\n  ", "- ", "[", "]", "{", "}", ", ", "1", "0.5", "fast", "null", "true", "'", '"', "&a", "*a",
        "!t", "\t", "#", "|\n", "1e999", "mse", "---\n", "? ", "%", "\\", "ü", "\x85", "\ufeff", "1995-01", "groups",
        "model", "clip",
    ]
)  # fmt: skip


@settings(max_examples=250)
@given(st.lists(FRAGMENTS, max_size=30).map("".join) | st.text(max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        parse_spec(text)
    except SpecError as error:
        for problem in error.problems:
            assert re.fullmatch(r"spec:\d+:\d+", problem.where)
            assert "^" in problem.excerpt
            assert "Input should" not in problem.message


VALUES = st.recursive(
    st.sampled_from(["1", "0", "-1", "0.5", "fast", "null", "true", "[]", "{}", "1995-01", "'1'", "2.5", "9e9"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]") | inner.map("{{lr: {}}}".format)
    ),
    max_leaves=4,
)
PLACES = st.sampled_from(
    [
        "stq", "name", "seed", "data", "data.source", "data.source.0", "data.targets", "data.targets.0",
        "data.inputs", "data.static", "data.static.0", "data.calendar", "data.history", "data.horizons",
        "data.split", "data.split.train", "data.split.val", "data.split.calibration", "data.normalise",
        "data.coarsen", "data.coarsen.y", "data.patch", "data.patch.size", "data.dims", "data.dims.time",
        "model", "model.hidden", "model.heads", "model.heads.hidden", "model.location", "model.dropout",
        "quantiles", "quantiles.levels", "quantiles.order", "losses", "losses.0", "losses.0.loss",
        "losses.0.name", "losses.0.weight", "losses.0.updates", "losses.0.updates.a", "losses.0.x", "groups",
        "groups.a", "freeze", "routing", "routing.engine", "optim", "optim.name", "optim.lr", "optim.momentum",
        "optim.groups", "optim.groups.a", "optim.groups.a.lr", "optim.clip", "optim.clip.norm",
        "optim.schedule", "optim.schedule.warmup", "optim.betas", "optim.betas.0", "optim.groups.a.name",
        "optim.groups.a.momentum", "optim.schedule.name", "optim.schedule.interval", "optim.schedule.step",
        "optim.schedule.plateau", "optim.schedule.plateau.monitor", "trainer.ema", "model.compile",
        "trainer", "trainer.devices", "trainer.precision",
        "trainer.max_steps", "calibration", "calibration.by", "plugins", "init_from", "nosuch", "data.nosuch",
    ]
)  # fmt: skip


@settings(max_examples=300)
@given(PLACES, VALUES)
def test_any_value_anywhere_is_taken_or_refused_in_our_words(place: str, value: str) -> None:
    text = "data: {source: [a.nc], targets: [a]}\nlosses: [{loss: mse}]"
    try:
        parse_spec(text, overrides=[f"{place}={value}"])
    except SpecError as error:
        for problem in error.problems:
            assert problem.where == "--set" or problem.where.startswith("spec:")
            assert "not a value that can stand here" not in problem.message
            assert "Input should" not in problem.message


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "examples").glob("*.yaml")), ids=lambda p: p.stem)
def test_a_spec_with_every_key_explained_is_the_same_spec(path: Path) -> None:
    spec = load_spec(path).spec
    text = commented_spec(spec)
    assert parse_spec(text).spec == spec
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    for name in Spec.model_fields:
        assert any(line.startswith(f"{name}:") for line in lines)
