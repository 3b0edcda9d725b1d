"""Random multi-scale crops of radiographs, whole images among them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from medsynth_aug.training.starter.images.radiographs import Radiograph


@dataclass(frozen=True, slots=True)
class Window:
    """A square of the source image that fills a training crop: top, left and side in source pixels."""

    top: float
    left: float
    side: float


def draw_window(rng: np.random.Generator, shape: tuple[int, int], *, smallest: float, whole: float) -> Window:
    """A random square: the whole image (letterboxed) with probability `whole`, else log-uniform in side.

    Args:
        rng: Source of chance.
        shape: `(H, W)` of the image.
        smallest: Shortest side in pixels.
        whole: Probability of the whole image.
    """
    height, width = shape
    longest, shortest = max(shape), min(shape)
    if rng.random() < whole or smallest >= shortest:
        return Window((height - longest) / 2, (width - longest) / 2, longest)
    side = float(np.exp(rng.uniform(np.log(smallest), np.log(shortest))))
    return Window(rng.uniform(0, height - side), rng.uniform(0, width - side), side)


def cut(image: np.ndarray, window: Window, size: int) -> np.ndarray:
    """The window of `image`, resampled to `(size, size)` float32; 0 outside the image."""
    scale = size / window.side
    if scale < 1:  # reduce with area averaging first, so that nothing aliases
        height, width = image.shape
        reduced = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, reduced, interpolation=cv2.INTER_AREA)
        shift = np.array([[1, 0, -window.left * scale], [0, 1, -window.top * scale]], np.float32)
    else:
        shift = np.array([[scale, 0, -window.left * scale], [0, scale, -window.top * scale]], np.float32)
    flags = cv2.INTER_LINEAR if scale <= 1 else cv2.INTER_CUBIC
    cropped = cv2.warpAffine(image, shift, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return cropped.astype(np.float32)


def draw_crops(
    rng: np.random.Generator,
    radiographs: Sequence[Radiograph],
    *,
    count: int,
    size: int,
    smallest: float,
    whole: float,
) -> np.ndarray:
    """Grey crops `(count, size, size)` float32 in [0, 1], with a slight change of exposure each."""
    crops = np.empty((count, size, size), np.float32)
    for index in range(count):
        one = radiographs[int(rng.integers(len(radiographs)))]
        window = draw_window(rng, one.pixels.shape, smallest=smallest, whole=whole)
        crops[index] = expose(rng, np.clip(cut(one.pixels, window, size) / 255, 0, 1))
    return crops


def expose(rng: np.random.Generator, crop: np.ndarray) -> np.ndarray:
    """The crop with a random gamma (0.8 to 1.25), as between films of different exposure."""
    return np.power(crop, np.float32(np.exp(rng.uniform(-0.22, 0.22))))
