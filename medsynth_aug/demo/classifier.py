"""A small classifier in an ordinary PyTorch loop: what a user's own training looks like to the data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from scipy.stats import binomtest
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from medsynth_aug.training.seeded import seeded_weights

BATCH_SIZE = 16

WIDTHS = (1, 16, 32, 64, 128)
"""Channels before each convolution and after the last."""


@dataclass(frozen=True, slots=True)
class Recall:
    """How many items of one class were found.

    Args:
        name: The class.
        found: Items that the classifier gave this class.
        n: Items that have it.
        low: Lower bound of the 95 % interval.
        high: Upper bound.
    """

    name: str
    found: int
    n: int
    low: float
    high: float


def make_network(classes: int, seed: int) -> torch.nn.Module:
    """Four convolutions from scratch: enough to show a loop, small enough for two processor cores."""
    with seeded_weights(seed):
        layers: list[torch.nn.Module] = []
        for narrow, wide in pairwise(WIDTHS):
            layers += [
                torch.nn.Conv2d(narrow, wide, kernel_size=3, stride=2, padding=1, bias=False),
                torch.nn.BatchNorm2d(wide, momentum=0.3),
                torch.nn.ReLU(),
            ]
        head = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(WIDTHS[-1], classes)]
        return torch.nn.Sequential(*layers, *head)


def train(
    network: torch.nn.Module, data: Dataset[Any], *, epochs: int, seed: int, progress: bool
) -> list[float]:
    """Train in place; the mean loss of each epoch."""
    order = torch.Generator().manual_seed(seed)
    loader = DataLoader(data, BATCH_SIZE, shuffle=True, drop_last=True, generator=order)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3)
    losses = []
    network.train()
    with tqdm(total=epochs * len(loader), desc="Training", unit="batch", disable=not progress) as bar:
        for _ in range(epochs):
            total = 0.0
            for images, labels in loader:
                loss = torch.nn.functional.cross_entropy(network(images), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item()
                bar.update()
            losses.append(total / max(1, len(loader)))
            bar.set_postfix(loss=f"{losses[-1]:.3f}")
    return losses


@torch.inference_mode()
def evaluate(network: torch.nn.Module, data: Dataset[Any], names: Sequence[str]) -> list[Recall]:
    """Recall of each class with its 95 % interval.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927) 209.
    """
    network.eval()
    pairs = [(network(images).argmax(dim=1), labels) for images, labels in DataLoader(data, BATCH_SIZE)]
    predicted, truth = (torch.cat(column) for column in zip(*pairs))
    return [
        recall(name, int(((predicted == number) & (truth == number)).sum()), int((truth == number).sum()))
        for number, name in enumerate(names)
        if bool((truth == number).any())
    ]


def recall(name: str, found: int, n: int) -> Recall:
    """`found` of `n` with its 95 % Wilson interval; `n` is at least 1."""
    interval = binomtest(found, n).proportion_ci(confidence_level=0.95, method="wilson")
    return Recall(name, found, n, float(interval.low), float(interval.high))
