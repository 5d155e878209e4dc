"""The arithmetic under an audit, held against torch's own on drawn gradients and against cases done by hand."""

from collections.abc import Mapping
from itertools import islice
from math import inf, isnan, nan, sqrt

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.routed_nets import BandNet, band_plan, fields
from torch import Tensor, nn

from stq.errors import RoutingError
from stq.routing import Auditor, Groups, Plan, Route, Router, Step, plan_routes, pruned
from stq.routing._walk import leaves_below, nodes_below
from stq.routing.audit import _cost
from stq.routing.audit._cost import Cost, cost
from stq.routing.audit._gradients import (
    added,
    differences,
    inner,
    largest_difference,
    norm,
    pattern_differences,
    plain,
    relative_differences,
    times,
)
from stq.routing.audit._over_steps import root_mean_square, starved_of
from stq.routing.audit._shared_memory import shared_memory
from stq.routing.audit._starved import Starved
from stq.routing.audit._trial import trial_of
from stq.routing.audit._verdicts import Cell, describe, faults_of
from stq.routing.audit._weights import same

NAMES = ("a", "b", "c")
NUMBERS = st.floats(-10, 10, width=32)


@st.composite
def drawn(draw: st.DrawFn) -> dict[str, Tensor | None]:
    """A gradient for each name, of one to four numbers, or None."""
    return {
        name: draw(st.none() | st.lists(NUMBERS, min_size=n, max_size=n).map(lambda x: torch.tensor(x).double()))
        for n, name in ((1, "a"), (4, "b"), (2, "c"))
    }


def flat(gradients: Mapping[str, Tensor | None]) -> Tensor:
    """All numbers, 0 where there are none."""
    sizes = {"a": 1, "b": 4, "c": 2}
    return torch.cat([torch.zeros(sizes[name]).double() if g is None else g for name, g in gradients.items()])


@settings(max_examples=60)
@given(drawn(), drawn(), st.sampled_from([1e-250, 1.0, 1e250]))
def test_norms_products_sums_and_differences_are_those_of_one_long_vector(
    one: dict[str, Tensor | None], other: dict[str, Tensor | None], size: float
) -> None:
    x, y = flat(one), flat(other)
    assert norm(times(size, one), NAMES) == pytest.approx(size * float(x.norm()), rel=1e-12)
    assert inner(one, other, NAMES, (2.0, 4.0)) == pytest.approx(float(x @ y) / 8, abs=1e-9)
    assert torch.equal(flat(added(one, other)), x + y)
    gap = differences(one, other)
    assert torch.equal(flat({name: gap.get(name) for name in NAMES}), x - y)
    assert gap.keys() == {name for name in NAMES if one[name] is not None or other[name] is not None}
    assert largest_difference(one, other) == float((x - y).abs().max())
    assert pattern_differences(one, other) == [n for n in NAMES if (one[n] is None) != (other[n] is None)]


def test_a_norm_counts_complex_numbers_as_two_and_skips_what_is_not_there() -> None:
    assert norm({"a": torch.tensor([3 + 4j]), "b": None, "c": torch.zeros(0)}, ["a", "b", "c", "d"]) == 5.0
    assert norm({"a": None, "b": torch.zeros(0)}, ["a", "b"]) == 0.0
    apart = {"a": torch.tensor([1e200], dtype=torch.float64), "b": torch.tensor([1e-200], dtype=torch.float64)}
    assert norm(apart, ["a", "b"]) == 1e200
    assert norm({"a": torch.tensor([1.0, inf])}, ["a"]) == inf
    assert isnan(norm({"a": torch.tensor([1.0, nan])}, ["a"]))


def test_what_is_not_finite_differs_from_all_but_itself() -> None:
    odd = {"a": torch.tensor([inf, -inf, nan, 1.0])}
    assert largest_difference(odd, odd) == 0.0
    assert largest_difference(odd, {"a": torch.tensor([inf, -inf, 2.0, 1.0])}) == inf
    assert largest_difference({"a": torch.zeros(0)}, {"a": None}) == 0.0
    assert largest_difference({}, {}) == 0.0


def one_weight() -> tuple[nn.ParameterDict, Plan]:
    """Two groups of one number each; the first loss may move `a`, the second one both, `b` by half."""
    net = nn.ParameterDict({name: nn.Parameter(torch.tensor([1.0])) for name in "ab"})
    routes = {"first": Route(1.0, {"a": 1.0}), "second": Route(1.0, {"a": 1.0, "b": 0.5})}
    return net, plan_routes(Groups.of(net, {"a": ["a"], "b": ["b"]}), routes)


def test_a_difference_counts_against_what_is_permitted_and_without_that_is_infinite() -> None:
    _, plan = one_weight()

    def both(a: float, b: float) -> dict[str, Tensor | None]:
        return {"a": torch.tensor([a]), "b": torch.tensor([b])}

    raw = {"first": both(3.0, 7.0), "second": both(-5.0, 4.0)}
    assert relative_differences(plan, both(1.0, 2.0), both(0.5, 1.0), raw) == {"a": 0.5 / 8, "b": 0.5}
    nothing = {"first": both(3.0, 7.0), "second": both(0.0, 0.0)}
    assert relative_differences(plan, both(3.0, 0.0), both(3.0, 0.0), nothing) == {"a": 0.0, "b": 0.0}
    assert relative_differences(plan, both(3.0, 1e-9), both(3.0, 0.0), nothing) == {"a": 0.0, "b": inf}
    assert relative_differences(plan, both(3.0, nan), both(3.0, 0.0), nothing)["b"] == inf


def test_a_copy_is_dense_and_single_where_it_was_half_and_keeps_its_digits_where_it_had_more() -> None:
    for dtype, expected in ((torch.float16, torch.float32), (torch.bfloat16, torch.float32), (torch.float64,) * 2):
        found = plain(torch.tensor([2.0, 4.0], dtype=dtype), 4.0)
        assert found is not None
        assert (found.dtype, found.tolist()) == (expected, [0.5, 1.0])
    sparse = plain(torch.tensor([0.0, 2.0]).to_sparse())
    assert sparse is not None
    assert (sparse.layout, sparse.tolist()) == (torch.strided, [0.0, 2.0])
    assert plain(None) is None


def test_a_root_mean_square_neither_overflows_nor_hides_what_is_not_finite() -> None:
    assert root_mean_square([3.0, 4.0]) == pytest.approx(sqrt(12.5))
    assert root_mean_square([0.0, 0.0]) == 0.0
    assert root_mean_square([1e300, 1e300]) == pytest.approx(1e300)
    assert root_mean_square([1e-300, 0.0]) == pytest.approx(1e-300 / sqrt(2))
    assert root_mean_square([1.0, inf]) == inf
    for norms in ([nan, 1.0], [1.0, nan]):
        assert isnan(root_mean_square(norms))


def test_weights_are_the_same_where_each_is_what_it_was_nan_included() -> None:
    before = torch.tensor([1.0, nan, inf])
    assert same(before, before.clone())
    for other in ([1.0, 2.0, inf], [nan, nan, inf], [1.0, nan, -inf], [2.0, nan, inf]):
        assert not same(before, torch.tensor(other))


# several steps


def test_zeros_starve_where_every_step_has_them_and_what_is_absent_where_one_has() -> None:
    def both(*steps: Starved | None) -> tuple[Starved, ...]:
        return starved_of([[] if step is None else [step] for step in steps])

    first = Starved("g", (), ("x", "y"), whole=True)
    assert both(first, first) == (first,)
    assert both(first, None) == ()
    assert both(first, Starved("g", (), ("z",), whole=False)) == ()
    assert both(first, Starved("g", (), ("y",), whole=False)) == (Starved("g", (), ("y",), whole=False),)
    assert both(first, Starved("g", ("x",), ("y",), whole=True)) == (Starved("g", ("x",), ("y",), whole=True),)
    assert both(None, Starved("g", ("x",), (), whole=True)) == (Starved("g", ("x",), (), whole=False),)


# words


def words(verdict: str, applied: float = 0.0, raw: float = 0.0, **ways: bool) -> str:
    flags = {"in_company": False, "without_graph": False, **ways}
    return describe(Cell("loss", "group", raw, applied, 1.0, verdict), **flags)


def test_every_way_to_fail_has_its_own_words() -> None:
    assert "writes zeros on group" in words("leak")
    assert "moves group, which it may not: norm 1" in words("leak", applied=1.0)
    assert "changes what the other losses give to group" in words("leak", applied=1.0, in_company=True)
    assert "has no graph" in words("dead", without_graph=True)
    assert "the engine passes none of it on" in words("dead", raw=1e-9)
    assert "has no gradient there" in words("dead")
    assert words("nonfinite", without_graph=True) == "loss or its gradient on group is not finite"
    cells = [Cell("loss", "group", 1.0, 1.0, 1.0, verdict) for verdict in ("ok", "blocked", "none")]
    assert faults_of(cells, (), (), (), ()) == ()


# memory


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ((slice(None), 0), (1, slice(1, 3)), False),
        ((slice(None), 0), (slice(None), 1), False),
        ((slice(None), 0), (slice(0, 2), slice(0, 2)), True),
        ((slice(None), 0), (1, slice(0, 2)), True),
        ((0, slice(0, 2)), (0, slice(2, 3)), False),
        ((0, slice(0, 0)), (0, slice(0, 3)), False),
    ],
    ids=["a row between", "two columns", "a block over a column", "a row over a column", "side by side", "empty"],
)
def test_parts_of_one_matrix_share_memory_where_they_share_an_element(
    first: tuple[slice | int, ...], second: tuple[slice | int, ...], shared: bool
) -> None:
    matrix = torch.arange(12.0).reshape(4, 3)
    net = nn.ParameterDict({"a": nn.Parameter(matrix[first]), "b": nn.Parameter(matrix[second])})
    routes = {name: Route(1.0, {name: 1.0}) for name in "ab"}
    for names in ("ab", "ba"):
        plan = plan_routes(Groups.of(net, {name: [name] for name in names}), routes)
        assert bool(shared_memory(plan, [])) == shared
    alone = plan_routes(Groups.of(nn.ParameterDict({"a": net["a"]}), {"a": ["a"]}), {"a": routes["a"]})
    assert [("no group" in text) for _, text in shared_memory(alone, [("b", net["b"])])] == [True] * shared


# the scale, the cost, the walk


def test_a_trial_is_at_the_nearest_power_of_two_and_comes_down_by_fours_until_nothing_overflows() -> None:
    """In half precision a gradient of 2 overflows from a scale of 2**15 on."""
    net = nn.ParameterDict({"a": nn.Parameter(torch.ones((), dtype=torch.float16))})
    plan = plan_routes(Groups.of(net, {"a": ["a"]}), {"loss": Route(1.0, {"a": 1.0})})
    losses = {"loss": 2 * net["a"]}
    scales = {2.0**-10: 2.0**-10, 0.3: 0.25, 3.0: 4.0, 2.0**14: 2.0**14, 2.0**16: 2.0**14, 2.0**19: 2.0**13}
    odd = {0.0: 1.0, -1.0: 1.0, inf: 1.0}
    for factor, scale in {**scales, **odd}.items():
        trial, raw = trial_of(plan, Step(losses, losses["loss"], torch.tensor(factor)), [])
        assert trial.scale == scale
        assert raw["loss"]["a"] == 2
    assert Step(losses, losses["loss"]).factor == 1.0


def test_the_cost_is_the_least_of_several_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    net = BandNet()
    trial, _ = trial_of(band_plan(net), Step(losses := net.losses(*fields()), losses["mse"]), [])
    turns = iter([3.0, 9.0, 1.0, 4.0, 2.0, 5.0])
    monkeypatch.setattr(_cost, "seconds", lambda trial, engine, losses: next(turns))
    assert cost(trial, pruned) == Cost(1.0, 4.0)


def test_a_graph_that_forks_and_joins_again_and_again_is_walked_once() -> None:
    number = torch.ones((), requires_grad=True)
    for _ in range(64):
        number = number + number
    found = list(islice(nodes_below([number]), 1000))
    assert len(found) == len(set(found)) == 65


# the probe


def test_an_auditor_that_saw_no_step_says_so() -> None:
    auditor = Auditor()
    auditor.after_backward()
    with pytest.raises(RoutingError, match="there is nothing to audit"):
        auditor.result()


@pytest.mark.parametrize("factor", [-1.0, 0.0, inf, nan])
def test_a_total_multiplied_by_what_training_never_multiplies_by_is_a_fault(factor: float) -> None:
    net = BandNet(dropout=0.0)
    router = Router(band_plan(net))
    router.probe = auditor = Auditor(net)
    router.backward(factor * router.total(net.losses(*fields())))
    auditor.after_backward()
    assert auditor.result().verdict == "mismatch"
    assert f"the total of the losses is multiplied by {factor:g}" in auditor.result().problems[0]


def test_the_step_goes_on_at_any_sound_scale_and_leaves_no_gradient() -> None:
    net = BandNet(dropout=0.0)
    router = Router(band_plan(net))
    router.probe = auditor = Auditor(net)
    for factor in (1e-3, 0.7, 1.0, 3.0):
        router.backward(factor * router.total(net.losses(*fields())))
        assert net.central.bias.grad is not None
        auditor.after_backward()
        assert net.central.bias.grad is None
    assert auditor.result().problems == ()
    assert [audit.cost is not None for audit in auditor.audits] == [True, False, False, False]


def test_a_graph_that_is_to_be_kept_is_kept_with_the_scaling_of_the_total() -> None:
    net = BandNet(dropout=0.0)
    router = Router(band_plan(net))
    scaled = router.total(net.losses(*fields())) * torch.tensor(2.0)
    router.backward(scaled, retain_graph=True)
    torch.autograd.grad(scaled, list(net.parameters()))  # raises where the graph was freed


class WithVariable(torch.autograd.Function):
    """A stranger's function that calls something of its own by the name under which autograd keeps its leaves."""

    @staticmethod
    def forward(ctx, number):
        ctx.variable = "mine"
        return 2 * number

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient


def test_a_leaf_is_a_tensor_whatever_a_function_calls_its_own() -> None:
    leaf = torch.ones((), requires_grad=True)
    assert [id(found) for found in leaves_below([WithVariable.apply(leaf)])] == [id(leaf)]
