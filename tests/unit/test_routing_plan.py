"""The table is checked before the first step, and equal columns share a pass."""

import pytest
from support.routed_nets import PATTERNS, ROUTES, BandNet

from stq.errors import RoutingError
from stq.routing import Groups, Plan, Route, plan_routes


def plan(routes: dict[str, Route], freeze: tuple[str, ...] = ()) -> Plan:
    """A plan for the band net."""
    return plan_routes(Groups.of(BandNet(), PATTERNS, freeze), routes)


def refusal(routes: dict[str, Route], freeze: tuple[str, ...] = ()) -> str:
    """The text of the error."""
    with pytest.raises(RoutingError) as caught:
        plan(routes, freeze)
    return str(caught.value)


def test_groups_with_equal_columns_share_a_pass() -> None:
    first, second = plan(ROUTES).classes
    assert first.groups == ("backbone", "central")
    assert first.factors == {"mse": 1.0, "edges": 0.3}
    assert second.groups == ("quantiles",)
    assert second.factors == {"pinball": 1.0}


def test_a_soft_route_splits_the_class() -> None:
    soft = plan({**ROUTES, "pinball": Route(2.0, {"quantiles": 1.0, "backbone": 0.05})})
    assert soft.passes == 3
    assert dict(soft.classes[0].factors) == {"mse": 1.0, "edges": 0.3, "pinball": 0.1}
    assert soft.allowed("pinball", "backbone") == 0.05


def test_nothing_is_allowed_on_a_frozen_group_or_without_a_weight() -> None:
    found = plan({**ROUTES, "edges": Route(0.0, {"central": 1.0})}, freeze=("backbone",))
    assert found.allowed("mse", "backbone") == 0
    assert found.allowed("mse", "central") == 1
    assert found.allowed("edges", "central") == 0
    assert [route.groups for route in found.classes] == [("central",), ("quantiles",)]


def test_an_unknown_group_is_refused_with_a_suggestion() -> None:
    text = refusal({**ROUTES, "pinball": Route(1.0, {"quantile": 1.0, "quantiles": 1.0})})
    assert "loss 'pinball' updates the group 'quantile', which does not exist; did you mean 'quantiles'?" in text


def test_a_group_that_no_loss_updates_is_refused_with_both_remedies() -> None:
    text = refusal({name: ROUTES[name] for name in ("mse", "edges")})
    assert "updates the group 'quantiles'" in text
    assert "updates: [quantiles]" in text
    assert "freeze" in text


def test_a_loss_without_weight_does_not_count_as_an_update() -> None:
    assert "'quantiles'" in refusal({**ROUTES, "pinball": Route(0.0, {"quantiles": 1.0})})


@pytest.mark.parametrize("updates", [{}, {"central": 0.0}])
def test_a_loss_with_a_weight_that_may_update_nothing_is_refused(updates: dict[str, float]) -> None:
    text = refusal({**ROUTES, "edges": Route(0.3, updates)})
    assert "loss 'edges' has the weight 0.3 and may update nothing" in text
    assert "give it weight 0" in text
    plan({**ROUTES, "edges": Route(0.0, updates)})


def test_losses_whose_groups_are_all_frozen_are_idle() -> None:
    """As where new levels are fitted to a finished run: the central losses go on being computed."""
    assert plan(ROUTES, freeze=("backbone", "central")).idle == ("mse", "edges")
    assert plan({**ROUTES, "edges": Route(0.0, {"central": 1.0})}, freeze=("backbone",)).idle == ()


@pytest.mark.parametrize("number", [-1.0, float("nan"), float("inf")])
def test_weights_and_factors_are_finite_and_not_negative(number: float) -> None:
    assert "loss 'mse': weight" in refusal({**ROUTES, "mse": Route(number, {"central": 1.0})})
    assert "loss 'mse': factor" in refusal({**ROUTES, "mse": Route(1.0, {"central": number})})


def test_a_plan_that_trains_nothing_is_refused() -> None:
    assert "every group is frozen" in refusal(ROUTES, freeze=tuple(PATTERNS))


def test_all_faults_come_at_once() -> None:
    text = refusal({"mse": Route(-1.0, {"central": -2.0, "centre": 1.0})})
    for fault in ("weight -1.0", "factor -2.0", "'centre'", "group 'quantiles'", "group 'backbone'"):
        assert fault in text


def test_a_route_weighs_one_unless_told_otherwise() -> None:
    assert Route().weight == 1
