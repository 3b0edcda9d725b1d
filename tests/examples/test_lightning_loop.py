"""Lightning tells a followed sampler of each epoch, and so the data set, its workers and the producer."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import LightningModule, Trainer
from lightning.fabric.utilities.distributed import DistributedSamplerWrapper
from torch.utils.data import DataLoader, RandomSampler

from medsynth_aug import FakeSynthesizer, RebalancedDataset
from tests.data.small import single_label
from tests.examples.ranks import note

REAL, PAINTED, EPOCHS = 16, 4, 2


class Noting(LightningModule):
    """Notes what it is shown, epoch by epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.shown: dict[int, list[str]] = defaultdict(list)

    def training_step(self, batch: Any, batch_index: int) -> torch.Tensor:
        self.shown[self.current_epoch] += [note(image.numpy(), label) for image, label in zip(*batch)]
        return self.layer(torch.ones(1, 1)).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[RebalancedDataset]:
    made = RebalancedDataset(
        single_label(), FakeSynthesizer(), bank=tmp_path / "bank", lesions={3: "nodule"}, background=[0],
        mode="on_the_fly", progress=False,
    )  # fmt: skip
    yield made
    made.close()


@pytest.mark.filterwarnings("ignore")
def test_lightning_shows_each_epoch_its_own_lesions(data: RebalancedDataset, tmp_path: Path) -> None:
    sampler = data.follow(RandomSampler(data))
    loader = DataLoader(data, batch_size=5, sampler=sampler, num_workers=2, persistent_workers=True)
    trainer = Trainer(
        max_epochs=EPOCHS, accelerator="cpu", default_root_dir=tmp_path, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    module = Noting()
    trainer.fit(module, loader)
    wholes = []
    for epoch in range(EPOCHS):
        data.set_epoch(epoch)
        wholes.append([note(*data[index]) for index in range(len(data))])
        assert Counter(module.shown[epoch]) == Counter(wholes[-1])
    assert len(set(wholes[0][REAL:]) | set(wholes[1][REAL:])) == EPOCHS * PAINTED
    assert data.production is not None and data.production.served == 2 * EPOCHS * PAINTED


def test_what_lightning_deals_out_to_ranks_is_the_whole_order(data: RebalancedDataset) -> None:
    shares = [
        DistributedSamplerWrapper(
            data.follow(RandomSampler(data, generator=torch.Generator().manual_seed(5))),
            num_replicas=2, rank=rank,
        )
        for rank in (0, 1)
    ]  # fmt: skip
    for epoch in range(EPOCHS):
        for share in shares:
            share.set_epoch(epoch)
            assert data.production is not None and data.production.epoch == epoch
        assert sorted([*shares[0], *shares[1]]) == list(range(len(data)))
