"""A checkpoint is read as far as it is one."""

from pathlib import Path

import pytest
import torch

from stq.errors import CheckFailed
from stq.training import AtomicCheckpointIO, load_weights


@pytest.mark.parametrize("content", [[1], {}, {"state_dict": [1]}], ids=["a list", "no weights", "weights in a list"])
def test_a_file_of_torch_that_is_no_checkpoint_is_refused_by_name(tmp_path: Path, content: object) -> None:
    path = tmp_path / "best.ckpt"
    torch.save(content, path)
    for read in (load_weights, AtomicCheckpointIO().load_checkpoint):
        with pytest.raises(CheckFailed, match=r"best\.ckpt: not a checkpoint"):
            read(path)
