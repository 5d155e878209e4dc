"""Groups partition the trainable parameters or say, all at once, why they don't."""

import re

import pytest
import torch
from support.routed_nets import PATTERNS, BandNet
from torch import nn

from stq.errors import RoutingError
from stq.routing import Groups


def refusal(net: nn.Module, patterns: dict[str, list[str]], freeze: tuple[str, ...] = ()) -> str:
    """The text of the error."""
    with pytest.raises(RoutingError) as caught:
        Groups.of(net, patterns, freeze)
    return str(caught.value)


def test_every_parameter_stands_in_exactly_one_group() -> None:
    net = BandNet()
    groups = Groups.of(net, PATTERNS)
    assert groups.names == ("backbone", "central", "quantiles")
    assert [name for name, _ in groups.named_parameters()] == [name for name, _ in net.named_parameters()]
    assert sum(group.elements for group in groups) == sum(p.numel() for p in net.parameters())


def test_patterns_of_one_group_may_overlap() -> None:
    (group,) = Groups.of(BandNet(), {"all": ["*", "*.bias", "central.*"]})
    assert len(group.parameters) == len(list(BandNet().parameters()))


def test_a_pattern_that_matches_nothing_is_refused() -> None:
    text = refusal(BandNet(), {**PATTERNS, "central": ["central.*", "locaton.*"]})
    assert "'locaton.*' matches no parameter" in text
    assert "correct or remove it" in text
    assert "backbone, central, quantiles" in text


def test_a_parameter_in_no_group_is_refused() -> None:
    text = refusal(BandNet(), {name: PATTERNS[name] for name in ("backbone", "quantiles")})
    assert "'central.weight' is in no group" in text
    assert "'central.bias' is in no group" in text
    assert "add a pattern" in text
    assert "freeze" in text


def test_a_parameter_in_two_groups_is_refused() -> None:
    text = refusal(BandNet(), {**PATTERNS, "biases": ["*.bias"]})
    assert "'central.bias' is in two groups, 'central' and 'biases'" in text
    assert "narrow the patterns" in text


def test_weights_tied_across_groups_are_refused_by_identity() -> None:
    net = BandNet()
    net.quantiles[1][2].bias = net.central.bias
    text = refusal(net, PATTERNS)
    assert "'quantiles.1.2.bias' (tied to 'central.bias') is in two groups, 'central' and 'quantiles'" in text


def test_weights_tied_to_a_frozen_group_are_refused() -> None:
    net = BandNet()
    net.quantiles[1][2].bias = net.central.bias
    assert "tied to" in refusal(net, PATTERNS, freeze=("central",))


def test_weights_tied_within_a_group_count_once() -> None:
    net = BandNet()
    net.quantiles[1][2].weight = net.quantiles[0][2].weight
    names = [name for name, _ in Groups.of(net, PATTERNS).members[2].parameters]
    assert "quantiles.0.2.weight" in names
    assert "quantiles.1.2.weight" not in names


def test_a_tied_weight_needs_a_pattern_for_one_of_its_names_only() -> None:
    net = BandNet()
    net.twin = net.central
    assert Groups.of(net, PATTERNS).members[1].elements == 5


def test_an_unknown_group_to_freeze_is_refused_with_a_suggestion() -> None:
    assert "'backbon', which does not exist; did you mean 'backbone'?" in refusal(BandNet(), PATTERNS, ("backbon",))


def test_a_group_without_patterns_is_refused() -> None:
    assert "group 'spare' has no pattern" in refusal(BandNet(), {**PATTERNS, "spare": []})


def test_all_faults_come_at_once_and_nothing_is_frozen_by_then() -> None:
    net = BandNet()
    patterns = {"backbone": ["backbone.*", "gone.*"], "central": ["central.weight", "backbone.0.weight"]}
    text = refusal(net, patterns, freeze=("x", "backbone"))
    for fault in ("'gone.*' matches", "'central.bias' is in no", "'backbone.0.weight' is in two", "group 'x'"):
        assert fault in text
    assert len(re.findall("^  ", text, re.MULTILINE)) == 4 + 8  # eight parameters of the quantile heads are in none
    assert all(p.requires_grad for p in net.parameters())


def test_freezing_turns_gradients_off_before_any_wrapper_sees_the_module() -> None:
    net = BandNet()
    groups = Groups.of(net, PATTERNS, freeze=["backbone"])
    assert not any(p.requires_grad for p in net.backbone.parameters())
    assert all(p.requires_grad for p in net.central.parameters())
    assert not any(name.startswith("backbone") for name, _ in groups.named_parameters())


def test_a_parameter_without_gradient_needs_no_group() -> None:
    net = BandNet()
    net.offset = nn.Parameter(torch.zeros(3), requires_grad=False)
    assert "offset" not in dict(Groups.of(net, PATTERNS).named_parameters())


def test_a_parameter_that_someone_froze_by_hand_is_left_out_of_its_group() -> None:
    net = BandNet()
    net.backbone[0].weight.requires_grad_(False)
    names = dict(Groups.of(net, PATTERNS).named_parameters())
    assert "backbone.0.weight" not in names
    assert "backbone.0.bias" in names


def test_a_group_frozen_by_hand_must_be_named_under_freeze() -> None:
    net = BandNet()
    net.backbone.requires_grad_(False)
    text = refusal(net, PATTERNS)
    assert "group 'backbone' has no trainable parameter" in text
    assert "freeze" in text
    assert Groups.of(net, PATTERNS, freeze=["backbone"]).members[0].frozen


def test_groups_that_were_put_together_by_hand_know_of_no_module_that_could_have_changed() -> None:
    assert Groups(Groups.of(BandNet(), PATTERNS).members).changes() == []
