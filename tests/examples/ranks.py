"""Programs for two ranks: each notes what it was shown, epoch by epoch; rank 0 also what there was to see."""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import distributed
from torch.utils.data import DataLoader, RandomSampler
from torch.utils.data.distributed import DistributedSampler

from medsynth_aug import FakeSynthesizer, RebalancedDataset
from medsynth_aug.bank.producer import ProductionReport
from medsynth_aug.errors import SettingError
from tests.data.small import single_label

EPOCHS = 2

Epochs = Iterator[Iterable[Any]]


def note(image: Any, label: Any) -> str:
    """An item as a text that tells it from all others."""
    return f"{hashlib.sha256(bytes(image)).hexdigest()} {int(label)}"


def with_distributed_data_parallel(data: RebalancedDataset) -> Epochs:
    distributed.init_process_group("gloo")
    with pytest.raises(SettingError, match="each of the 2 processes would draw an order of its own"):
        list(data.follow(RandomSampler(data)))
    sampler = data.follow(DistributedSampler(data, seed=3))
    loader = DataLoader(data, batch_size=5, sampler=sampler, num_workers=1, persistent_workers=True)
    for epoch in range(EPOCHS):
        sampler.set_epoch(epoch)
        yield loader


def with_accelerate(data: RebalancedDataset) -> Epochs:
    accelerator = Accelerator(cpu=True)
    followed = DataLoader(data, batch_size=5, sampler=data.follow(RandomSampler(data)), num_workers=1)
    shuffled = DataLoader(data, batch_size=5, shuffle=True)
    for loader in accelerator.prepare(followed, shuffled):
        for _ in range(EPOCHS):
            yield loader


def main(loop: Callable[[RebalancedDataset], Epochs], folder: Path) -> None:
    data = RebalancedDataset(
        single_label(), FakeSynthesizer(), bank=folder / "bank", lesions={3: "nodule"}, background=[0],
        mode="on_the_fly", progress=False,
    )  # fmt: skip
    shown, epochs = [], []
    for loader in loop(data):
        items = [(image, label) for images, labels in loader for image, label in zip(images, labels)]
        shown.append([note(image.numpy(), label) for image, label in items])
        epochs.append(report_of(data).epoch)
    noted: dict[str, Any] = {"shown": shown, "epochs": epochs, "whole": []}
    distributed.barrier()
    if distributed.get_rank() == 0:
        for epoch in epochs:
            data.set_epoch(epoch)
            noted["whole"].append([note(*data[index]) for index in range(len(data))])
    noted["made"] = counted(data)
    (folder / f"{distributed.get_rank()}.json").write_text(json.dumps(noted))
    distributed.barrier()  # nobody leaves while another one still needs the producer
    distributed.destroy_process_group()


def counted(data: RebalancedDataset, tries: int = 400) -> int:
    """Samples that this rank's producer made; a batch is counted a moment after it was stored."""
    for _ in range(tries):
        everywhere = torch.tensor(report_of(data).made)
        distributed.all_reduce(everywhere)
        if everywhere:
            break
        time.sleep(0.05)
    return report_of(data).made


def report_of(data: RebalancedDataset) -> ProductionReport:
    assert data.production is not None
    return data.production


if __name__ == "__main__":
    main(globals()[sys.argv[1]], Path(sys.argv[2]))
