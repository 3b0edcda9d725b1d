"""Figures for the model card, measured on a pool that was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from diffusers import AutoencoderKL
from torchmetrics.functional.image import structural_similarity_index_measure

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.diffusion.checkpoint import find_checkpoint
from medsynth_aug.training.starter.images.crops import draw_crops
from medsynth_aug.training.starter.images.radiographs import Radiograph, read_radiographs
from medsynth_aug.training.starter.stages.autoencoder import CROP_SIZE, to_model_range
from medsynth_aug.training.starter.stages.lung_fields import human_lungs


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
def autoencoder_figures(
    vae: AutoencoderKL, radiographs: Sequence[Radiograph], *, count: int = 200, size: int = CROP_SIZE,
    whole: float = 0.15,
) -> list[Figure]:  # fmt: skip
    """Peak signal-to-noise ratio in dB and structural similarity of the round trip, on random crops.

    Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE TIP 2004.

    Args:
        vae: The autoencoder, in fp32.
        radiographs: Images that it was not trained on.
        count: Crops.
        size: Side of a crop in pixels.
        whole: How many of them are whole images.
    """
    crops = draw_crops(
        np.random.default_rng(0), radiographs, count=count, size=size, smallest=0.625 * size, whole=whole
    )
    ratios: list[float] = []
    similar: list[float] = []
    for batch in torch.from_numpy(crops)[:, None].split(8):
        decoded = vae.decode(vae.encode(to_model_range(batch)).latent_dist.mean).sample.mean(1, keepdim=True)
        grey = ((decoded + 1) / 2).clamp(0, 1)
        ratios.extend((-10 * (grey - batch).square().mean((1, 2, 3)).log10()).tolist())
        each = structural_similarity_index_measure(grey, batch, data_range=1.0, reduction="none")
        assert isinstance(each, torch.Tensor)
        similar.extend(each.tolist())
    share = "whole images" if whole == 1 else "crops"
    return [
        summarise(f"autoencoder PSNR in dB, {share} at {size} px", ratios),
        summarise(f"autoencoder SSIM, {share} at {size} px", similar),
    ]


def measure(checkpoint: Path, data: Path, *, pool: str | None = "eval") -> list[Figure]:
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
        *autoencoder_figures(vae, radiographs),
        *autoencoder_figures(vae, radiographs, count=64, size=256, whole=1.0),
    ]
    return figures


def main(
    data: Annotated[Path, typer.Option(help="Folder with labels.csv and the images that it names.")],
    checkpoint: Annotated[str, typer.Option(help="starter, a folder or a Hub id.")] = "starter",
    pool: Annotated[str, typer.Option(help="Pool that was not trained on; '' takes all.")] = "eval",
) -> None:
    """Measure the segmenter and the autoencoder of a checkpoint: mean, 95 % interval and n.

    Example: python -m medsynth_aug.training.starter.looking.figures --data cxr
    """
    for one in measure(find_checkpoint(checkpoint), data, pool=pool or None):
        typer.echo(f"{one.name}: {one.mean:.3f} ({one.low:.3f} to {one.high:.3f}), n = {one.n}")


if __name__ == "__main__":
    typer.run(main)
