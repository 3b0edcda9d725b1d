"""Figures for the model card, measured on a pool that was not trained on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.training.starter.autoencoder import CROP_SIZE, to_model_range
from medsynth_aug.training.starter.crops import draw_crops
from medsynth_aug.training.starter.lung_fields import human_lungs
from medsynth_aug.training.starter.radiographs import Radiograph, read_radiographs


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over `n` images with its 95 % bootstrap interval."""

    name: str
    mean: float
    low: float
    high: float
    n: int


def summarise(name: str, values: Sequence[float], *, seed: int = 0) -> Figure:
    """Mean and percentile bootstrap interval (2,000 resamples) of one value an image.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    array = np.asarray(values)
    rng = np.random.default_rng(seed)
    means = array[rng.integers(len(array), size=(2000, len(array)))].mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Figure(name, float(array.mean()), float(low), float(high), len(array))


def lung_dice(radiographs: Sequence[Radiograph], weights: Path) -> Figure:
    """Dice of both lung fields together against the human masks.

    Dice, "Measures of the amount of ecologic association between species", Ecology 26 (1945) 297.
    """
    values = []
    for one in radiographs:
        if one.lung_mask is not None:
            truth = human_lungs(one).any(0)
            grey = (one.pixels / np.float32(255)).astype(np.float32)
            found = segment_lungs(grey, weights=weights).numpy().any(0)
            values.append(float(2 * (truth & found).sum() / max(truth.sum() + found.sum(), 1)))
    return summarise("lung Dice", values)


@torch.inference_mode()
def autoencoder_psnr(vae: AutoencoderKL, radiographs: Sequence[Radiograph], *, count: int = 200) -> Figure:
    """Peak signal-to-noise ratio in dB of the round trip, on random crops and whole images at 128 px."""
    crops = draw_crops(
        np.random.default_rng(0), radiographs, count=count, size=CROP_SIZE, smallest=80, whole=0.15
    )
    values: list[float] = []
    for batch in torch.from_numpy(crops)[:, None].split(16):
        decoded = vae.decode(vae.encode(to_model_range(batch)).latent_dist.mean).sample.mean(1, keepdim=True)
        error = ((decoded + 1) / 2 - batch).square().mean((1, 2, 3))
        values.extend((-10 * error.log10()).tolist())
    return summarise("autoencoder PSNR, dB", values)


def measure(checkpoint: Path, data: Path, *, pool: str = "eval") -> list[dict[str, float | str | int]]:
    """All figures of a checkpoint on one pool of a folder with `labels.csv`.

    Args:
        checkpoint: The folder that the recipe wrote.
        data: The folder that it was trained from.
        pool: Which images to measure on; none of them may have been trained on.
    """
    radiographs = read_radiographs(data, pool=pool)
    vae = AutoencoderKL.from_pretrained(checkpoint / "vae", torch_dtype=torch.float32).eval()
    figures = [
        lung_dice(radiographs, checkpoint / "lung_fields" / "model.safetensors"),
        autoencoder_psnr(vae, radiographs),
    ]
    return [asdict(figure) for figure in figures]
