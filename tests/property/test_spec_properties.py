"""Properties of reading and writing specs, over drawn specs and drawn nonsense."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.drawn_specs import specs

from stq.errors import SpecError
from stq.spec import Spec, commented_spec, dump_spec, load_spec, parse_spec


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
