"""What a reader is shown of a sample: the image, and beside it the same with the lesion outlined."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsynth_aug.errors import UnwritableFileError
from medsynth_aug.synthesis.sample import SyntheticSample

OUTLINE_RGB = (255, 190, 60)
"""Colour of the outline."""

_WINDOW = (0.5, 99.5)


def draw_picture(sample: SyntheticSample) -> NDArray[np.uint8]:
    """The picture of a sample: `(H, W, 3)`, or `(H, 2 W, 3)` with the outlined one at the right.

    Grey values between the 0.5th and the 99.5th percentile fill the screen's range. Nothing of the request,
    of the engine or of other readers is in it.
    """
    grey = sample.image[0].numpy().astype(np.float64)
    low, high = np.percentile(grey, _WINDOW)
    shown = np.clip((grey - low) / max(high - low, 1e-9), 0, 1)
    plain = np.repeat(np.rint(255 * shown).astype(np.uint8)[:, :, None], 3, axis=2)
    mask = sample.mask[0].numpy().astype(np.uint8)
    if not mask.any():
        return plain
    outlined = plain.copy()
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(outlined, contours, -1, OUTLINE_RGB, max(1, round(min(mask.shape) / 400)))
    return np.concatenate([plain, outlined], axis=1)


def write_picture(sample: SyntheticSample, path: Path) -> None:
    """Write the picture of a sample as a PNG without metadata; a file that is there is replaced.

    Raises:
        UnwritableFileError: If it cannot be written.
    """
    try:
        Image.fromarray(draw_picture(sample)).save(path, format="PNG")
    except OSError as problem:
        raise UnwritableFileError(
            f"{path} cannot be written ({problem.strerror or problem}); choose another place"
        ) from problem
