"""Every precision that a spec may name trains to its end, and what comes out can be scored."""

from pathlib import Path

import pytest
import torch
from support.tiny_runs import tiny_source, tiny_spec

from stq.app import RunFolder, evaluate, train
from stq.errors import SpecError


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
def test_a_run_in_another_precision_is_calibrated_and_scored(tmp_path: Path, precision: str) -> None:
    spec = tiny_spec(tiny_source(tmp_path), [f"trainer.precision={precision}", "trainer.max_epochs=1"])
    result = train(spec, run_dir=tmp_path / "run")
    assert result.calibrated
    assert evaluate(RunFolder(tmp_path / "run")).calibrated


@pytest.mark.skipif(torch.accelerator.is_available(), reason="there auto is no CPU")
@pytest.mark.parametrize("accelerator", ["cpu", "auto"])
def test_half_precision_is_refused_where_it_would_run_on_the_cpu(tmp_path: Path, accelerator: str) -> None:
    spec = tiny_spec(tiny_source(tmp_path), ["trainer.precision=16-mixed", f"trainer.accelerator={accelerator}"])
    with pytest.raises(SpecError, match="16-mixed needs a GPU"):
        train(spec, run_dir=tmp_path / "run")
