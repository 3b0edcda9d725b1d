"""Resolution: move an image between the native grid and the grid on which diffusion is run."""

import cv2
import numpy as np

from medsynth_aug.types import Grey


def resample(image: Grey, shape: tuple[int, int]) -> Grey:
    """`image` on another grid: averaged over areas when it shrinks, bicubic when it grows.

    Averaging keeps the mean and cannot alias; sampling a fine rib pattern without it makes moiré that canny
    takes for edges.

    Args:
        image: `(H, W)` float32.
        shape: `(H, W)` wanted.
    """
    if image.shape == shape:
        return image.copy()
    shrinks = shape[0] <= image.shape[0] and shape[1] <= image.shape[1]
    flag = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    resized = cv2.resize(np.ascontiguousarray(image), (shape[1], shape[0]), interpolation=flag)
    return resized.astype(np.float32)
