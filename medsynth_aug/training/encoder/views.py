"""Two random views of one film that should have like features: other crop, tilt, exposure and grain."""

import cv2
import numpy as np

from medsynth_aug.evaluation.extraction.encoder import INPUT_SIZE, standardise
from medsynth_aug.types import Grey

KEPT_SIZE = 160
"""Side at which films are kept in memory."""


def keep(pixels: np.ndarray) -> np.ndarray:
    """`(H, W)` uint8 squashed to 160 x 160 uint8."""
    return np.asarray(cv2.resize(pixels, (KEPT_SIZE, KEPT_SIZE), interpolation=cv2.INTER_AREA))


def draw_view(rng: np.random.Generator, kept: np.ndarray) -> Grey:
    """One random view `(128, 128)` float32, standardised. Never mirrored: the heart lies on the left."""
    angle, scale = rng.normal(0, 5), (INPUT_SIZE / KEPT_SIZE) * np.exp(rng.uniform(-0.05, 0.3))
    matrix = cv2.getRotationMatrix2D((KEPT_SIZE / 2, KEPT_SIZE / 2), angle, scale)
    matrix[1] *= np.exp(rng.normal(0, 0.06))
    centre = matrix @ np.array([KEPT_SIZE / 2, KEPT_SIZE / 2, 1])
    matrix[:, 2] += INPUT_SIZE / 2 - centre + rng.normal(0, 5, 2)
    grey = cv2.warpAffine(
        kept, matrix, (INPUT_SIZE, INPUT_SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    grey = np.power(np.clip(grey / 255, 0, 1), np.float32(np.exp(rng.normal(0, 0.25))))
    if rng.random() < 0.4:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(0.3, 1.5))))
    grain = rng.normal(0, rng.uniform(0, 0.03), grey.shape)
    return standardise((grey + grain).astype(np.float32))
