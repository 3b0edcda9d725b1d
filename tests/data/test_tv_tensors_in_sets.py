"""A data set whose items are tv_tensors: torchvision's transforms move image, mask and box together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2

from medsynth_aug.data import RebalancedDataset
from medsynth_aug.synthesis import FakeSynthesizer
from medsynth_aug.types import Box, box_of
from tests.data.small import SIDE, Items, pictures

REAL, PAINTED = 16, 4
OLD = Box(2, 4, 10, 12)

MOVES = v2.Compose(
    [
        v2.RandomHorizontalFlip(p=1),
        v2.RandomVerticalFlip(p=1),
        v2.Pad([SIDE, 0, 0, 0]),
        v2.Resize((2 * SIDE, 4 * SIDE), interpolation=InterpolationMode.NEAREST),
    ]
)


def annotated() -> Items:
    """Grey pictures with a mask and boxes: the rare ones have a lesion at `OLD`, the normal ones none."""
    items: list[Any] = []
    for index, image in enumerate(pictures(REAL)):
        rare, mask = index >= REAL - PAINTED, np.zeros((SIDE, SIDE), np.uint8)
        if rare:
            mask[OLD.y0 : OLD.y1, OLD.x0 : OLD.x1] = 1
        boxes = np.array([OLD] if rare else [], np.float32).reshape(-1, 4)
        items.append({"image": image, "label": 3 if rare else 0, "mask": mask, "boxes": boxes, "id": index})
    labels = [item["label"] for item in items]
    return Items(items, targets=labels, groups=[f"p{index}" for index in range(REAL)])


def opened(folder: Path, mode: Any, **arguments: Any) -> RebalancedDataset:
    return RebalancedDataset(
        annotated(), FakeSynthesizer(), bank=folder, lesions={3: "nodule"}, background=[0], mode=mode,
        progress=False, tv_tensors=True, **arguments,
    )  # fmt: skip


Pair = tuple[RebalancedDataset, RebalancedDataset]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """A set without transforms, and one with `MOVES` that shows the same."""
    return opened(tmp_path, "cached"), opened(tmp_path, "cached", transform=MOVES)


def back(image: torch.Tensor) -> torch.Tensor:
    """What `MOVES` did, undone by indices: `(..., 2 * SIDE, 4 * SIDE)` to `(..., SIDE, SIDE)`."""
    return image[..., ::2, 2 * SIDE :: 2].flip(-1).flip(-2)


def there(box: Any) -> list[float]:
    """Where `MOVES` puts a box."""
    x0, y0, x1, y1 = (float(value) for value in box)
    return [2 * (2 * SIDE - x1), 2 * (SIDE - y1), 2 * (2 * SIDE - x0), 2 * (SIDE - y0)]


def test_image_mask_and_box_of_every_item_move_together(
    pair: tuple[RebalancedDataset, RebalancedDataset],
) -> None:
    plain, moved = pair
    for index in range(len(plain)):
        before, after = plain[index], moved[index]
        for item in (before, after):
            assert type(item["image"]) is tv_tensors.Image and type(item["mask"]) is tv_tensors.Mask
            assert type(item["boxes"]) is tv_tensors.BoundingBoxes
        assert before["image"].shape == (1, SIDE, SIDE) and before["mask"].shape == (SIDE, SIDE)
        assert after["image"].shape == (1, 2 * SIDE, 4 * SIDE)
        assert torch.equal(back(after["image"]), before["image"])
        assert torch.equal(back(after["mask"]), before["mask"])
        assert after["boxes"].tolist() == [there(box) for box in before["boxes"]]
        assert (after["label"], after["id"]) == (before["label"], before["id"])


def test_the_lesion_that_was_painted_is_the_one_in_mask_and_box(
    pair: tuple[RebalancedDataset, RebalancedDataset],
) -> None:
    plain, moved = pair
    for index in range(REAL, REAL + PAINTED):
        item, sample = plain[index], plain.sample(index)
        source = torch.from_numpy(annotated()[item["id"]]["image"])
        assert torch.equal(item["image"].as_subclass(torch.Tensor), sample.image)
        assert torch.equal(item["mask"] > 0, sample.mask[0])
        assert item["boxes"].tolist() == [list(map(float, box_of(sample.mask) or ()))]
        changed = (item["image"][0] != source).as_subclass(torch.Tensor)
        assert changed.any() and not (changed & ~sample.edit_region[0]).any()
        assert moved[index]["boxes"].tolist() == [there(box_of(sample.mask))]


@pytest.fixture
def produced(tmp_path: Path) -> Iterator[RebalancedDataset]:
    data = opened(tmp_path, "on_the_fly", transform=MOVES)
    yield data
    data.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_on_the_fly_they_move_together_in_workers_too(produced: RebalancedDataset) -> None:
    loader = DataLoader(
        produced, batch_size=5, sampler=produced.follow(range(len(produced))), num_workers=2,
        collate_fn=list, persistent_workers=True,
    )  # fmt: skip
    masks = []
    for epoch in range(2):
        items = [item for batch in loader for item in batch]
        assert produced.production is not None and produced.production.epoch == epoch
        for index in range(REAL, REAL + PAINTED):
            item, sample = items[index], produced.sample(index)
            assert type(item["boxes"]) is tv_tensors.BoundingBoxes and item["label"] == 3
            assert torch.equal(back(item["image"]), sample.image)
            assert torch.equal(back(item["mask"]) > 0, sample.mask[0])
            assert item["boxes"].tolist() == [there(box_of(sample.mask))]
        masks.append([item["mask"] for item in items[REAL:]])
    assert not any(torch.equal(one, other) for one, other in zip(*masks))
