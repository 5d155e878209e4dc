"""The section `evaluation`: read strictly, and told about at its place."""

import pytest

from stq.errors import SpecError
from stq.spec import dump_spec, parse_spec

TEXT = """
data: {source: some.nc, targets: [air, "sea ice"]}
losses: [mse]
evaluation:
  thresholds: {air: [280, 281.5], "sea ice": [0.15]}
  neighbourhood: 3
  periods: season
  metrics: [a, {metric: b, name: c, above: 3}]
"""


def test_a_number_is_a_list_of_one_and_options_stand_beside_the_metric() -> None:
    spec = parse_spec(TEXT).spec.evaluation
    assert spec.neighbourhood == (3,)
    assert dict(spec.thresholds) == {"air": (280, 281.5), "sea ice": (0.15,)}
    assert [(each.metric, each.name, dict(each.options)) for each in spec.metrics] == [
        ("a", "a", {}),
        ("b", "c", {"above": 3}),
    ]


def test_everything_has_a_default_and_survives_being_written_down() -> None:
    plain = parse_spec(TEXT[: TEXT.index("evaluation")]).spec.evaluation
    assert (plain.thresholds, plain.neighbourhood, plain.periods, plain.metrics) == ({}, (5,), None, ())
    assert (plain.bootstrap.repetitions, plain.bootstrap.block) == (1000, None)
    spec = parse_spec(TEXT).spec
    assert parse_spec(dump_spec(spec)).spec == spec


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("air: [280,", "aire: [280,", r'spec:5:16: "aire" is no target[\s\S]*\^\^\^\^[\s\S]*air'),
        ("[280, 281.5]", "[281.5, 280]", "ascending order"),
        ("[280, 281.5]", "[]", "thresholds"),
        ("season", "seson", 'expected month, season or null, found "seson"'),
        ("neighbourhood: 3", "neighbourhood: 0", "whole number of at least 1"),
        ("neighbourhood: 3", "neighbourhood: [3, 3]", "twice"),
        ("name: c", "name: a", 'a metric named "a" stands above already'),
        ("periods: season", "period: season", "periods"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, words: str) -> None:
    assert old in TEXT
    with pytest.raises(SpecError, match=words):
        parse_spec(TEXT.replace(old, new))
