"""What the models hold once a spec is read."""

import pickle
from copy import deepcopy

import pytest
from pydantic import ValidationError

from stq.spec import DataSpec, LossSpec, Spec, SplitSpec, StaticSpec, parse_spec

MINIMAL = "data: {source: a.nc, targets: [ozone]}\nlosses: [mse]\n"


def test_a_minimal_spec_has_the_documented_defaults() -> None:
    spec = parse_spec(MINIMAL).spec
    assert (spec.stq, spec.name, spec.seed) == (1, "run", 0)
    assert spec.data.split.parts() == {"train": 0.7, "val": 0.1, "calibration": 0.1, "test": 0.1}
    assert (spec.data.history, spec.data.horizons) == (4, (1, 2, 3, 4))
    assert spec.quantiles is not None
    assert (spec.quantiles.levels, spec.quantiles.order) == ((0.025, 0.975), "anchored")
    assert spec.losses == (LossSpec(loss="mse", name="mse"),)
    assert (spec.losses[0].weight, spec.losses[0].updates, spec.losses[0].options) == (1.0, None, {})
    assert (spec.optim.lr, spec.optim.weight_decay, spec.routing.engine) == (1e-3, 1e-4, "pruned")
    assert spec.optim.clip is not None
    assert (spec.optim.clip.norm, spec.optim.clip.per) == (1.0, "group")


def test_a_spec_is_frozen_hashable_and_copied_whole() -> None:
    spec = parse_spec(MINIMAL + "groups: {a: [b]}\n").spec
    with pytest.raises(ValidationError):
        spec.seed = 3
    with pytest.raises(TypeError, match="frozen"):
        spec.groups["b"] = ("c",)
    with pytest.raises(TypeError, match="frozen"):
        spec.losses[0].options.update({"x": 1})
    for change in ("clear", "pop", "popitem", "setdefault", "update", "__delitem__", "__ior__"):
        with pytest.raises(TypeError, match="frozen"):
            getattr(spec.groups, change)("a")
    for copy in (deepcopy(spec), pickle.loads(pickle.dumps(spec)), spec.model_copy(), eval_json(spec)):
        assert copy == spec
        assert hash(copy) == hash(spec)


def eval_json(spec: Spec) -> Spec:
    """There and back through pydantic's own JSON."""
    return Spec.model_validate_json(spec.model_dump_json())


def test_a_spec_can_be_built_in_python_with_lists() -> None:
    data = DataSpec(source="a.nc", targets=["ozone"], static=["pressure"], split=SplitSpec(train=0.8, val=0.2))
    spec = Spec(data=data, losses=[LossSpec(loss="ssim", options={"window": 7}), "mse"])
    assert spec.data.static == (StaticSpec(variable="pressure"),)
    assert [loss.name for loss in spec.losses] == ["ssim", "mse"]
    assert spec.losses[0].options == {"window": 7}


def test_whole_numbers_stand_for_numbers() -> None:
    spec = parse_spec(MINIMAL + "optim: {lr: 1}\nmodel: {dropout: 0}\n").spec
    assert (spec.optim.lr, spec.model.dropout) == (1.0, 0.0)
    assert type(spec.optim.lr) is float


def test_updates_are_a_list_or_factors() -> None:
    text = "losses: [{loss: a, updates: [x, y]}, {loss: b, updates: {x: 1, y: 0.05}}, {loss: c, updates: null}]\n"
    spec = parse_spec("data: {source: a.nc, targets: [ozone]}\n" + text).spec
    assert [loss.updates for loss in spec.losses] == [("x", "y"), {"x": 1.0, "y": 0.05}, None]


def test_two_losses_of_one_kind_need_names() -> None:
    text = "losses: [mse, {loss: mse, name: second}]\n"
    spec = parse_spec("data: {source: a.nc, targets: [ozone]}\n" + text).spec
    assert [(loss.loss, loss.name) for loss in spec.losses] == [("mse", "mse"), ("mse", "second")]


def test_calibration_follows_the_split_unless_it_is_asked_for() -> None:
    data = "data: {source: a.nc, targets: [ozone], split: {train: 0.8, val: 0.2}}\nlosses: [mse]\n"
    assert parse_spec(data).spec.calibration is None
    assert parse_spec(data + "calibration: null\n").spec.calibration is None
    assert parse_spec(MINIMAL).spec.calibration is not None
    assert parse_spec(MINIMAL + "calibration: null\n").spec.calibration is None


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("[1995, 1996]", "[1997, 1998]", False),
        ("[1995, 1996]", "[1996-12, 1998]", True),
        ("[1995, 1996-11]", "[1996-12, 1998]", False),
        ("[1995, 1996-11-30]", "[1996-11-30T06:00, 1998]", True),
        ("[1995, 1996-11-30T05:59]", "['1996-11-30 06', 1998]", False),
        ("[1995, 1996-11-30T05:59:59]", "[1996-11-30T05:59:59, 1998]", True),
        ("[1996-11-30T05:59:59, 1998]", "[1995, 1996-11-30T05:59:59]", True),
        ("[1997, 1998]", "[1995, 1996]", False),
        ("[1995-02-30, 1995-02-30]", "[1995-03, 1995-03]", False),
        ("[1995, 1999]", "[1996, 1997]", True),
    ],
)
def test_parts_overlap_where_their_periods_share_a_moment(one: str, other: str, overlap: bool) -> None:
    text = f"data: {{source: a.nc, targets: [a], split: {{train: {one}, val: {other}}}}}\nlosses: [mse]\n"
    if overlap:
        with pytest.raises(ValueError, match="overlaps train"):
            parse_or_value_error(text)
    else:
        assert set(parse_spec(text).spec.data.split.parts()) == {"train", "val"}


def parse_or_value_error(text: str) -> None:
    """SpecError's text as a ValueError, so that `match` reads it."""
    from stq.errors import SpecError

    try:
        parse_spec(text)
    except SpecError as error:
        raise ValueError(str(error)) from None


def test_a_year_alone_is_a_date() -> None:
    text = "data: {source: a.nc, targets: [a], split: {train: [1995, 1996-06], val: [1997, 1998]}}\nlosses: [mse]\n"
    assert parse_spec(text).spec.data.split.train == ("1995", "1996-06")
