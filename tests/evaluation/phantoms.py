"""Films with the texture of a radiograph, small and different from seed to seed, and the edits of cheats."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import torch

from medsynth_aug.evaluation.images import EvaluationImage, ImageSet, image_set
from medsynth_aug.types import BoolMap, ValueRange

SHAPE = (112, 120)

Edit = Callable[[np.ndarray, BoolMap], np.ndarray]


@cache
def film(seed: int, *, stratum: str = "A", patient: str | None = None) -> EvaluationImage:
    """Smooth anatomy, oblique bands, grain, and a dark border beyond the collimator, in 8 bits."""
    rng = np.random.default_rng(seed)
    smooth = cv2.resize(
        rng.normal(0, 1, (6, 6)).astype(np.float32), SHAPE[::-1], interpolation=cv2.INTER_CUBIC
    )
    rows = np.arange(SHAPE[0])[:, None] + rng.uniform(-0.2, 0.2) * np.arange(SHAPE[1])[None]
    bands = np.sin(rows / rng.uniform(3, 5))
    grain = cv2.GaussianBlur(rng.normal(0, 1, SHAPE).astype(np.float32), (0, 0), 0.7)
    grey = rng.uniform(100, 130) + 25 * smooth + 8 * bands + rng.uniform(6, 9) * grain
    grey[: rng.integers(3, 7)] = 0
    pixels = torch.from_numpy(np.clip(np.round(grey), 0, 255).astype(np.uint8))[None]
    return EvaluationImage(
        name=str(seed), pixels=pixels, value_range=ValueRange(0, 255), label="normal",
        patient=patient or f"p{seed}", digest=f"real:{seed}", stratum=stratum,
    )  # fmt: skip


def films(first: int, count: int) -> ImageSet:
    """Films of `count` patients."""
    return image_set("films", [film(seed) for seed in range(first, first + count)])


def region_of(seed: int) -> BoolMap:
    """A disc somewhere in the middle."""
    rng = np.random.default_rng((seed, 5))
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    row, column = rng.uniform(35, 75), rng.uniform(35, 85)
    return np.asarray((rows - row) ** 2 + (columns - column) ** 2 < rng.uniform(14, 20) ** 2)


def edited(one: EvaluationImage, edit: Edit) -> EvaluationImage:
    """A sham of a film."""
    region = region_of(int(one.name))
    pixels = torch.from_numpy(edit(one.pixels[0].numpy().copy(), region))[None]
    return replace(
        one, name=f"{one.name}*", pixels=pixels, digest=f"sample:{one.name}", origin="sham",
        source=one.digest, edit_region=region, mask=np.zeros(SHAPE, bool),
    )  # fmt: skip


def rounded(grey: np.ndarray) -> np.ndarray:
    return np.clip(np.round(grey), 0, 255).astype(np.uint8)


def decoded(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
    """Blended from a plain decode: the fine texture is gone in the region."""
    return np.where(region, cv2.GaussianBlur(pixels, (0, 0), 1.0), pixels).astype(np.uint8)


def encoded_again(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], 0))


def lifted(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
    return rounded(pixels + 1.0)


def stretched(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
    return rounded(1.01 * pixels)


def shifted(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5]], np.float32)
    return np.asarray(cv2.warpAffine(pixels, shift, SHAPE[::-1], borderMode=cv2.BORDER_REPLICATE))


def resampled(pixels: np.ndarray, region: BoolMap) -> np.ndarray:
    small = cv2.resize(pixels, (round(SHAPE[1] * 0.97), round(SHAPE[0] * 0.97)))
    return np.asarray(cv2.resize(small, SHAPE[::-1]))
