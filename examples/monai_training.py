"""A MONAI training loop on chest radiographs: one line in the training chain fills the rare classes.

All but the line with `RandSynthesizeLesiond` is what any 2D classification tutorial for MONAI looks like.

    python examples/monai_training.py                        # no weights: the lesion priors alone, seconds
    python examples/monai_training.py --checkpoint starter   # the diffusion model that ships
    python examples/monai_training.py --bank bank/           # another process paints, two workers draw

A few steps on a few images show that the parts fit together; they say nothing about accuracy.
"""

import argparse
import csv
import time
from collections import Counter
from pathlib import Path

import torch
from monai.data import CacheDataset, DataLoader
from monai.networks.nets import DenseNet
from monai.transforms import (
    Compose,
    EnsureChannelFirstd,
    LoadImaged,
    RandRotated,
    RandZoomd,
    Resized,
    ResizeWithPadOrCropd,
    ScaleIntensityRanged,
)
from monai.utils import set_determinism
from tqdm import tqdm

from medsynth_aug import FakeSynthesizer
from medsynth_monai import RandSynthesizeLesiond, plan, read_record

DATA = Path(__file__).resolve().parent / "data"
CLASSES = ["normal", "pneumothorax", "nodule"]
SIDE_PX = 192


def read_split(folder: Path, split: str) -> list[dict]:
    with (folder / "labels.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split and row["label"] in CLASSES]
    return [
        {
            "image": str(folder / row["file"]), "label": CLASSES.index(row["label"]),
            "patient": row["patient_id"],
        }
        for row in rows
    ]  # fmt: skip


def load_synthesizer(checkpoint: str | None):
    if checkpoint is None:
        return FakeSynthesizer()
    from medsynth_aug import LesionSynthesizer

    return LesionSynthesizer.from_pretrained(checkpoint)


def chains(synthesizer, bank: str | None) -> tuple[Compose, RandSynthesizeLesiond, Compose]:
    load = [
        LoadImaged("image"),
        EnsureChannelFirstd("image"),
        Resized("image", SIDE_PX, size_mode="longest"),
        ScaleIntensityRanged("image", 0, 255, 0, 1),
    ]
    paint = RandSynthesizeLesiond(
        "image", synthesizer, lesions={1: "pneumothorax", 2: "nodule"}, background=[0], prob=0.5, bank=bank
    )
    augment = [
        RandRotated("image", range_x=0.1, prob=0.5, keep_size=True),
        RandZoomd("image", min_zoom=0.9, max_zoom=1.1, prob=0.5),
    ]
    pad = ResizeWithPadOrCropd("image", (SIDE_PX, SIDE_PX))
    return Compose([*load, paint, *augment, pad]), paint, Compose([*load, pad])


def train_epoch(network, loader, optimizer) -> tuple[float, Counter, Counter]:
    network.train()
    total, seen, painted = 0.0, Counter(), Counter()
    for batch in tqdm(loader, desc="training", leave=False):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(batch["image"].as_tensor()), batch["label"])
        loss.backward()
        optimizer.step()
        total += loss.item()
        seen.update(CLASSES[label] for label in batch["label"])
        records = [record for record in map(read_record, batch["synthesis"]) if record]
        painted.update("no place" if record.refusal else record.request.lesion.name for record in records)
    return total / len(loader), seen, painted


@torch.no_grad()
def count_right(network, loader) -> int:
    network.eval()
    batches = [(network(batch["image"].as_tensor()).argmax(dim=1), batch["label"]) for batch in loader]
    return sum(int((predicted == label).sum()) for predicted, label in batches)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", help='"starter", a diffusers folder or a Hub id; none paints priors')
    parser.add_argument("--bank", help="draw from this bank with two workers; none paints in this process")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()

    set_determinism(0)
    training, paint, validation = chains(load_synthesizer(options.checkpoint), options.bank)
    train_items, validation_items = (read_split(options.data, split) for split in ("train", "val"))
    if options.bank:  # another process paints ahead of need from now on
        groups, held_out = ([item["patient"] for item in items] for items in (train_items, validation_items))
        print(plan(train_items, training, groups=groups, holdout_groups=held_out).summary())
    train_set = CacheDataset(train_items, training)
    validation_set = CacheDataset(validation_items, validation)
    workers = 2 if options.bank else 0  # without a bank the engine lives in this process
    train_loader = DataLoader(train_set, batch_size=8, shuffle=True, num_workers=workers)
    validation_loader = DataLoader(validation_set, batch_size=8)
    print("on disk:", dict(Counter(CLASSES[item["label"]] for item in train_set.data)))

    network = DenseNet(2, 1, len(CLASSES), init_features=16, growth_rate=8, block_config=(2, 2, 2))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for epoch in range(options.epochs):
        paint.set_epoch(epoch)
        began = time.perf_counter()
        loss, seen, painted = train_epoch(network, train_loader, optimizer)
        seconds = time.perf_counter() - began
        right = count_right(network, validation_loader)
        print(f"epoch {epoch}: loss {loss:.3f}, {right} of {len(validation_set)} right, {seconds:.1f} s")
        print(f"  trained on {dict(seen)}, of which painted {dict(painted)}")
    if options.bank:
        print(paint.production)


if __name__ == "__main__":
    main()
