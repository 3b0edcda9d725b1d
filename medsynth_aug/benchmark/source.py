"""The image that every contender paints into: one that the user gives, or a phantom that needs no data."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.errors import UnreadableFileError
from medsynth_aug.synthesis import SourceImage, real_source
from medsynth_aug.types import Grey

FILM_WIDTH_MM = 350.0
"""Width that the phantom stands for: a 35 cm film."""


def benchmark_source(image: Path | None, size: int) -> SourceImage:
    """The image as 8-bit grey `(1, size, size)`, or the phantom where none is given.

    Raises:
        UnreadableFileError: If the file is missing, truncated or not an image.
    """
    if image is None:
        spacing_mm = FILM_WIDTH_MM / size
        return real_source(_pixels(phantom(size)), spacing_mm=(spacing_mm, spacing_mm))
    try:
        with Image.open(image) as opened:
            grey = np.asarray(opened.convert("L").resize((size, size), Image.Resampling.BICUBIC), np.float32)
    except (OSError, SyntaxError) as problem:
        raise UnreadableFileError(f"{image} cannot be read: {problem}; give a PNG or JPEG file") from problem
    return real_source(_pixels((grey / 255).astype(np.float32)))


def phantom(size: int) -> Grey:
    """A smooth textbook thorax with ribs and grain, `(size, size)` in [0, 1]; always the same."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32) / size
    body = np.exp(-((np.abs(columns - 0.5) / 0.46) ** 6) - (np.abs(rows - 0.55) / 0.55) ** 8)
    lungs = schematic_lungs((size, size)).any(dim=0).numpy().astype(np.float32)
    ribs = 0.5 + 0.5 * np.cos(2 * np.pi * (11 * rows + 4 * (columns - 0.5) ** 2))
    spine = np.exp(-(((columns - 0.5) / 0.06) ** 2))
    soft_lungs = gaussian_filter(lungs, 0.015 * size)
    grey = body * (0.55 + 0.25 * spine + (0.12 * ribs - 0.38) * soft_lungs)
    grain = np.random.default_rng(0).standard_normal((size, size), np.float32)
    return np.clip(grey + 0.01 * gaussian_filter(grain, 0.7), 0, 1).astype(np.float32)


def fresh_copy(source: SourceImage, seed: int) -> SourceImage:
    """The same image under other grain of one grey level, so that nothing stored about it can be reused."""
    grain = np.random.default_rng(seed).integers(-1, 2, source.pixels.shape, np.int16)
    pixels = (source.pixels.to(torch.int16) + torch.from_numpy(grain)).clamp(0, 255).to(torch.uint8)
    return real_source(pixels, spacing_mm=source.spacing)


def _pixels(grey: Grey) -> torch.Tensor:
    return torch.from_numpy(np.round(255 * grey).astype(np.uint8))[None]
