"""A loss that may move nothing is a mistake where its tag is empty, and worth a note where its groups are frozen."""

from pathlib import Path

import pytest
from support.tiny_runs import tiny_source, tiny_spec

from stq.app import check
from stq.errors import SpecError


@pytest.mark.parametrize("updates", ["[]", "{central: 0.0}"])
def test_a_tag_without_any_group_is_refused_at_its_place(tmp_path: Path, updates: str) -> None:
    losses = f"[{{loss: mse}}, {{loss: laplacian, levels: 2, updates: {updates}}}, {{loss: pinball}}]"
    spec = tiny_spec(tiny_source(tmp_path), [f"losses={losses}"])
    with pytest.raises(SpecError) as caught:
        check(spec)
    (problem,) = caught.value.problems
    assert problem.path == ("losses", 1, "updates")
    assert "the loss laplacian has the weight 1 and may update nothing" in problem.message
    assert "weight 0" in problem.hint
    check(tiny_spec(tiny_source(tmp_path), [f"losses={losses}", "losses.laplacian.weight=0"]))


def test_losses_whose_groups_are_frozen_are_noted(tmp_path: Path) -> None:
    source = tiny_source(tmp_path)
    noted = "computed, and move nothing, since every group that they may update is frozen: mse, laplacian"
    assert noted in check(tiny_spec(source, ["freeze=[backbone, central]"])).notes
    assert noted not in check(tiny_spec(source)).notes
