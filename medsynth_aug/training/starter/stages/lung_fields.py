"""Stage zero: the lung segmenter, from human-drawn masks."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from accelerate import Accelerator
from monai.losses import DiceCELoss
from safetensors.torch import save_file
from torch import Tensor, nn

from medsynth_aug.anatomy.lung_fields import INPUT_SIZE, build_lung_network, split_sides, standardise
from medsynth_aug.errors import LabelError
from medsynth_aug.training.seeded import seeded_weights
from medsynth_aug.training.starter.images.ahead import Ahead
from medsynth_aug.training.starter.images.radiographs import Radiograph
from medsynth_aug.training.starter.stages.loop import autocast, train
from medsynth_aug.training.starter.stages.state import LoopSettings

Pair = tuple[np.ndarray, np.ndarray]


def train_lung_fields(
    radiographs: Sequence[Radiograph],
    held_out: Sequence[Radiograph],
    folder: Path,
    settings: LoopSettings,
    *,
    accelerator: Accelerator,
    batch_size: int,
    seed: int,
    workers: int = 0,
    max_steps: int | None = None,
) -> nn.Module:
    """Train on the images that have a lung mask; returns the averaged weights. `workers` draw them ahead.

    Raises:
        LabelError: If no training image has a lung mask.
    """
    pairs, held = _pairs(radiographs), _pairs(held_out)
    if not pairs:
        raise LabelError(
            "no training image has a lung mask; name one in the `mask` column, or skip this stage"
        )
    device = accelerator.device
    with seeded_weights(seed):
        network = build_lung_network().to(device)
    criterion = DiceCELoss(sigmoid=True)

    drawn = Ahead(partial(_draw, pairs, (seed, 2, accelerator.process_index), batch_size), workers)
    judged = _draw(held, (seed,), 32, 1) if held else None

    def loss_on(batch: tuple[Tensor, Tensor]) -> Tensor:
        with autocast(device):
            logits = network(batch[0].to(device))
        return criterion(logits.float(), batch[1].to(device))

    @torch.no_grad()
    def held_out_loss() -> float:
        assert judged is not None
        network.eval()
        loss = float(loss_on(judged))
        network.train()
        return loss

    train(
        network,
        lambda step: loss_on(drawn(step)),
        settings,
        folder,
        title="lung fields",
        accelerator=accelerator,
        held_out_loss=held_out_loss if judged is not None else None,
        max_steps=max_steps,
    )
    drawn.close()
    return network.eval()


def save_lung_fields(network: nn.Module, file: Path) -> None:
    """Write the weights where `segment_lungs` reads them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.cpu().contiguous() for name, value in network.state_dict().items()}, file)


def human_lungs(one: Radiograph) -> np.ndarray:
    """The human mask as `(2, H, W)` bool; the device value 127 counts as no lung."""
    assert one.lung_mask is not None
    mask = cv2.resize(one.lung_mask, one.pixels.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return split_sides(mask > 191)


def _pairs(radiographs: Sequence[Radiograph]) -> list[Pair]:
    with_mask = [one for one in radiographs if one.lung_mask is not None]
    return [
        (
            cv2.resize(one.pixels, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA),
            np.stack([cv2.resize(m, (INPUT_SIZE, INPUT_SIZE)) for m in human_lungs(one).astype(np.float32)]),
        )
        for one in with_mask
    ]


def _draw(pairs: Sequence[Pair], seed: Sequence[int], count: int, step: int) -> tuple[Tensor, Tensor]:
    """Films `(count, 1, S, S)` and lungs `(count, 2, S, S)` of one step."""
    rng = np.random.default_rng((*seed, step))
    drawn = [_augment(rng, *pairs[int(rng.integers(len(pairs)))]) for _ in range(count)]
    return (
        torch.from_numpy(np.stack([grey for grey, _ in drawn]))[:, None],
        torch.from_numpy(np.stack([lungs for _, lungs in drawn])),
    )


def _augment(rng: np.random.Generator, pixels: np.ndarray, lungs: np.ndarray) -> Pair:
    """Children's films made to look like anybody's: other aspect, tilt, scale, exposure and sharpness."""
    angle, scale = rng.normal(0, 6), np.exp(rng.normal(-0.05, 0.15))
    stretch = np.exp(rng.normal(0.06, 0.14))
    centre = INPUT_SIZE / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), angle, scale)
    matrix[1] *= stretch
    matrix[:, 2] += rng.normal(0, 10, 2) + np.array([0, centre * (1 - stretch)])
    size = (INPUT_SIZE, INPUT_SIZE)
    fill = float(rng.choice([0, np.median(pixels)]))
    grey = cv2.warpAffine(pixels, matrix, size, borderValue=fill).astype(np.float32) / 255
    moved = np.stack([cv2.warpAffine(side, matrix, size) for side in lungs])
    grey = np.power(np.clip(grey, 0, 1), np.exp(rng.normal(0, 0.3))).astype(np.float32)
    if rng.random() < 0.4:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.5, 2)))
    grey = grey + rng.normal(0, rng.uniform(0, 0.04), grey.shape).astype(np.float32)
    return standardise(grey.astype(np.float32)), moved.astype(np.float32)
