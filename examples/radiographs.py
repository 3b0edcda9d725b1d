"""What the training examples share: the example radiographs, a small network, and the choice of an engine."""

import argparse
from pathlib import Path

import torch
from torch import nn

from medsynth_aug import FakeSynthesizer
from medsynth_aug.data import CsvDataset

DATA = Path(__file__).resolve().parent / "data"
SIDE_PX = 96


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--checkpoint", help='"starter", a diffusers folder or a Hub id; none paints priors')
    parser.add_argument("--bank", default="bank", help="folder that keeps the painted samples")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--data", type=Path, default=DATA)
    return parser


def training_split(folder: Path) -> CsvDataset:
    return CsvDataset(
        folder / "labels.csv", image="file", patient="patient_id", split="train", progress=False
    )


def load_synthesizer(checkpoint: str | None):
    if checkpoint is None:
        return FakeSynthesizer()
    from medsynth_aug import LesionSynthesizer

    return LesionSynthesizer.from_pretrained(checkpoint)


def for_network(item: dict) -> tuple[torch.Tensor, int]:
    """Your augmentation would stand here: it gets every item, real or painted, as a whole."""
    image = nn.functional.interpolate(
        item["image"][None].float() / 255, (SIDE_PX, SIDE_PX), mode="bilinear", antialias=True
    )
    return image[0], item["label"]


def small_network(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 5, stride=2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, classes),
    )  # fmt: skip
