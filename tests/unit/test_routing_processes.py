"""Two processes under Lightning's own DDP: one refuses its first step, and the other doesn't wait for it."""

import warnings
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.strategies import DDPStrategy
from support.routed_nets import SILENCED, BandNet, adamw, band_plan, fields
from torch import Tensor, nn
from torch.multiprocessing import ProcessRaisedException
from torch.utils.data import DataLoader, TensorDataset

from stq.errors import RoutingError
from stq.routing import RoutedBackward, Router


class Uneven(RoutedBackward, LightningModule):
    """A parameter that the losses of one process reach and those of the other don't."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.net = BandNet()
        self.net.central.register_parameter("spare", nn.Parameter(torch.ones(1)))
        self.router = Router(band_plan(self.net))
        self.folder = folder

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:
        losses = self.net.losses(*batch)
        if self.global_rank == 0:
            losses["mse"] = losses["mse"] * self.net.central.spare.sum()
        return self.router.total(losses)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return adamw(self.net.parameters())

    def backward(self, loss: Tensor, *args: object, **kwargs: object) -> None:
        try:
            super().backward(loss, *args, **kwargs)
        except RoutingError as error:
            (self.folder / f"{self.global_rank}.txt").write_text(str(error))
            torch.distributed.barrier()  # both have written before either ends
            raise


def test_where_one_process_refuses_its_first_step_both_stop_and_it_says_why(tmp_path: Path) -> None:
    strategy = DDPStrategy(start_method="fork", process_group_backend="gloo", timeout=timedelta(seconds=60))
    with warnings.catch_warnings():
        for message in (*SILENCED, ".*number of training batches.*", ".*distributed sampler.*", ".*sampler.*"):
            warnings.filterwarnings("ignore", message)
        trainer = Trainer(
            max_steps=2, accelerator="cpu", devices=2, strategy=strategy, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        with pytest.raises(ProcessRaisedException, match="RoutingError"):
            trainer.fit(Uneven(tmp_path), DataLoader(TensorDataset(*fields()), batch_size=2))
    assert (tmp_path / "0.txt").read_text() == "another process refused its first step; its own error says why"
    assert "central.spare: none of mse, edges depends on it" in (tmp_path / "1.txt").read_text()
