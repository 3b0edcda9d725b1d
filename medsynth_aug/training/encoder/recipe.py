"""Train the encoder: two views of a film alike (VICReg), and what is known of the film."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from medsynth_aug.diffusion.device import pick_device
from medsynth_aug.evaluation.extraction.encoder import FEATURES, RadiographEncoder
from medsynth_aug.training.encoder.targets import Targets, targets_of
from medsynth_aug.training.encoder.views import draw_view, keep
from medsynth_aug.training.seeded import seeded_weights
from medsynth_aug.training.starter.images.radiographs import Radiograph, hold_out, read_radiographs
from medsynth_aug.training.starter.stages.loop import autocast, open_accelerator, train
from medsynth_aug.training.starter.stages.state import LoopSettings

EXPANDED = 256
VIEW_WEIGHT, TARGET_WEIGHT = 0.5, 4.0
INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0
"""Weights of the three terms, as in VICReg's paper; their sum is divided by 25."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderRecipe:
    """One run; see the command line for the meaning of each."""

    data: Path
    out: Path
    budget_minutes: float = 30.0
    pool: str | None = "starter"
    device: str = "auto"
    batch_size: int = 48
    limit: int | None = None
    max_steps: int | None = None
    seed: int = 0


class _Learner(nn.Module):
    """The encoder with the heads that only training needs."""

    def __init__(self, targets: int) -> None:
        super().__init__()
        self.encoder = RadiographEncoder()
        self.expander = nn.Sequential(
            nn.Linear(FEATURES, EXPANDED), nn.LayerNorm(EXPANDED), nn.SiLU(), nn.Linear(EXPANDED, EXPANDED)
        )
        self.heads = nn.Linear(FEATURES, targets)


def run(recipe: EncoderRecipe) -> Path:
    """Train, then write `model.safetensors` (fp16) into the folder; returns that file.

    Raises:
        UnreadableFileError: If the data folder or one of its files cannot be read.
        LabelError: If the CSV lacks a column.
        DeviceError: If the device that was asked for is not there.
    """
    accelerator = open_accelerator(pick_device(recipe.device))
    device, rank = accelerator.device, accelerator.process_index
    radiographs = read_radiographs(recipe.data, pool=recipe.pool, limit=recipe.limit)
    train_films, held_films = hold_out(radiographs)
    targets = targets_of(radiographs)
    number = {id(one): index for index, one in enumerate(radiographs)}
    with seeded_weights(recipe.seed):
        learner = _Learner(len(targets.names)).to(device)
    films = {
        name: _Films(part, targets, number) for name, part in (("train", train_films), ("held", held_films))
    }

    def loss_of(part: str, rng: np.random.Generator, count: int) -> Tensor:
        one, other, known = films[part].draw(rng, count)
        return _loss(learner, one.to(device), other.to(device), known.to(device), targets, device)

    @torch.no_grad()
    def held_out_loss() -> float:
        return float(loss_of("held", np.random.default_rng(recipe.seed + 1), 192))

    train(
        learner,
        lambda step: loss_of("train", np.random.default_rng((recipe.seed, 9, step, rank)), recipe.batch_size),
        LoopSettings(budget_minutes=recipe.budget_minutes, learning_rate=2e-3, ema_decay=0.995),
        recipe.out / "state",
        title="encoder",
        accelerator=accelerator,
        held_out_loss=held_out_loss if held_films else None,
        max_steps=recipe.max_steps,
    )
    file = recipe.out / "model.safetensors"
    weights = learner.encoder.state_dict().items()
    save_file({name: value.detach().half().cpu().contiguous() for name, value in weights}, file)
    return file


class _Films:
    """Small films in memory with what is known of them, drawn by the square root of their rarest finding."""

    def __init__(self, radiographs: Sequence[Radiograph], targets: Targets, number: dict[int, int]) -> None:
        self._kept = [keep(one.pixels) for one in radiographs]
        self._known = targets.values[[number[id(one)] for one in radiographs]]
        positive = torch.nan_to_num(self._known[:, :-3]) > 0.5
        everyone = torch.full((len(self._kept), 1), len(self._kept))
        rarest = torch.cat([torch.where(positive, positive.sum(0), len(self._kept)), everyone], 1).amin(1)
        weights = 1 / np.sqrt(rarest.numpy().astype(float))
        self._weights = weights / weights.sum()

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor, Tensor]:
        chosen = rng.choice(len(self._kept), count, p=self._weights)
        one, other = (
            torch.from_numpy(np.stack([draw_view(rng, self._kept[index]) for index in chosen]))[:, None]
            for _ in range(2)
        )
        return one, other, self._known[torch.from_numpy(chosen)]


def _loss(
    learner: _Learner, one: Tensor, other: Tensor, known: Tensor, targets: Targets, device: torch.device
) -> Tensor:
    with autocast(device):
        features = learner.encoder(torch.cat([one, other]))
    features = features.float()
    first, second = learner.expander(features).chunk(2)
    told = learner.heads(features)
    return VIEW_WEIGHT * vicreg(first, second) + TARGET_WEIGHT * target_loss(told, known.repeat(2, 1))


def vicreg(first: Tensor, second: Tensor) -> Tensor:
    """Invariance, variance and covariance of two views `(B, E)`.

    Bardes, Ponce and LeCun, "VICReg: variance-invariance-covariance regularization for self-supervised
    learning", ICLR 2022.
    """
    invariance = F.mse_loss(first, second)
    variance = covariance = first.new_zeros(())
    for one in (first, second):
        centred = one - one.mean(0)
        variance = variance + F.relu(1 - (centred.var(0) + 1e-4).sqrt()).mean() / 2
        product = centred.T @ centred / max(1, len(one) - 1)
        off = product - torch.diag(torch.diag(product))
        covariance = covariance + off.square().sum() / one.shape[1]
    return (INVARIANCE * invariance + VARIANCE * variance + COVARIANCE * covariance) / INVARIANCE


def target_loss(told: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy of what is known; age, the last column, by squared error.

    Args:
        told: `(B, T)` logits, and age.
        known: `(B, T)` targets, NaN where not known.
    """
    present = ~torch.isnan(known)
    wanted = torch.nan_to_num(known)
    errors = F.binary_cross_entropy_with_logits(told[:, :-1], wanted[:, :-1].clamp(0, 1), reduction="none")
    age = (told[:, -1:] - wanted[:, -1:]).square()
    both = torch.cat([errors, age], 1) * present
    return (both.sum(0) / present.sum(0).clamp(min=1)).mean()
