"""The data set in a DataLoader: any number of workers, forked or spawned, gives the same items."""

import pytest
import torch
from torch.utils.data import DataLoader

from medsynth_aug.data import RebalancedDataset
from medsynth_aug.synthesis import FakeSynthesizer
from tests.data.small import single_label


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RebalancedDataset:
    return RebalancedDataset(
        single_label(), FakeSynthesizer(), lesions={3: "nodule"}, background=[0], progress=False,
        bank=tmp_path_factory.mktemp("bank"),
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(("workers", "context"), [(0, None), (2, "fork"), (2, "spawn")])
def test_every_loader_gives_the_same_items(
    data: RebalancedDataset, workers: int, context: str | None
) -> None:
    loader = DataLoader(data, batch_size=5, num_workers=workers, multiprocessing_context=context)
    images, labels = (torch.cat(parts) for parts in zip(*loader))
    assert labels.tolist() == data.targets
    assert all((images[index].numpy() == data[index][0]).all() for index in range(len(data)))


def test_one_training_step_runs_through(data: RebalancedDataset) -> None:
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(4))
    images, labels = next(iter(DataLoader(data, batch_size=20)))
    loss = torch.nn.functional.cross_entropy(model(images[:, None] / 255), labels)
    loss.backward()
    assert bool(torch.isfinite(loss))
