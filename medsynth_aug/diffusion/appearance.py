"""A linear prior of how a whole image looks round given lung fields: where whole images start from."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from medsynth_aug.errors import CheckpointError
from medsynth_aug.types import Grey

APPEARANCE_FILE = Path("appearance") / "model.safetensors"
MASK_SIDE, IMAGE_SIDE = 32, 64
ATTRIBUTES = ("child", "PA view", "female", "elderly")
"""Words of a prompt that shift the mean."""

TEMPERATURE = 0.7
"""Spread of the draws over that of the training images: less, so that an outlier is seldom drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class AppearancePrior:
    """Principal components of images, regressed on those of their lung fields and on attributes.

    Cootes, Edwards and Taylor, "Active appearance models", IEEE PAMI 23 (2001) 681, without the warp: lung
    fields and image share one linear model, so that an image can be drawn that goes with given lung fields.

    Args:
        mask_mean: `(M,)`, M = `MASK_SIDE` squared.
        mask_basis: `(K, M)` orthonormal rows.
        image_mean: `(N,)`, N = `IMAGE_SIDE` squared, in [0, 1].
        image_basis: `(J, N)` orthonormal rows.
        weights: `(J, K + A)`, image coefficients by mask coefficients and attributes (0 or 1, A of them).
        offset: `(J,)`.
        spread: `(J, J)`, lower Cholesky factor of the covariance that is left.
    """

    mask_mean: np.ndarray
    mask_basis: np.ndarray
    image_mean: np.ndarray
    image_basis: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    spread: np.ndarray

    def draw(self, lungs: Grey, prompt: str, rng: np.random.Generator) -> Grey:
        """A blurred image `(IMAGE_SIDE, IMAGE_SIDE)` float32 in [0, 1] round lung fields.

        Args:
            lungs: `(S, S)` float32, 0 or 1.
            prompt: What the image shows; `ATTRIBUTES` in it are heeded.
            rng: Source of chance.
        """
        known = features_of(lungs, prompt, self.mask_mean, self.mask_basis)
        chance = TEMPERATURE * self.spread @ rng.standard_normal(len(self.offset))
        coefficients = self.weights @ known + self.offset + chance
        image = self.image_mean + coefficients @ self.image_basis
        return np.clip(image, 0, 1).reshape(IMAGE_SIDE, IMAGE_SIDE).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write it into a checkpoint folder, in fp16."""
        (folder / APPEARANCE_FILE).parent.mkdir(parents=True, exist_ok=True)
        save_file(
            {one.name: np.ascontiguousarray(getattr(self, one.name), np.float16) for one in fields(self)},
            folder / APPEARANCE_FILE,
        )


def features_of(lungs: Grey, prompt: str, mean: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """What images are regressed on: coefficients of the lung fields, and attributes.

    Args:
        lungs: `(S, S)` float32, 0 or 1.
        prompt: Words of the image.
        mean: Mean lung fields.
        basis: Their components.
    """
    small = small_mask(lungs).ravel()
    said = [float(word in prompt) for word in ATTRIBUTES]
    return np.concatenate([basis @ (small - mean), said])


def small_mask(lungs: Grey) -> Grey:
    """Lung fields `(S, S)` as shares of coarse pixels."""
    return np.asarray(
        cv2.resize(lungs.astype(np.float32), (MASK_SIDE, MASK_SIDE), interpolation=cv2.INTER_AREA), np.float32
    )


def fit_appearance(
    images: np.ndarray,
    lungs: Sequence[Grey],
    prompts: Sequence[str],
    *,
    modes: int = 48,
    mask_modes: int = 24,
) -> AppearancePrior:
    """The prior of a set of images.

    Args:
        images: `(n, IMAGE_SIDE, IMAGE_SIDE)` float32 in [0, 1].
        lungs: Lung fields of each on a square grid.
        prompts: Words of each.
        modes: Components of the images; at most a quarter of their number is taken.
        mask_modes: Components of the lung fields; likewise.
    """
    count = len(images)
    masks = np.stack([small_mask(one).ravel() for one in lungs]).astype(np.float64)
    flat = images.reshape(count, -1).astype(np.float64)
    mask_mean, mask_basis = _components(masks, min(mask_modes, max(1, count // 4)))
    image_mean, image_basis = _components(flat, min(modes, max(1, count // 4)))
    known = np.stack(
        [features_of(one, words, mask_mean, mask_basis) for one, words in zip(lungs, prompts, strict=True)]
    )
    wanted = (flat - image_mean) @ image_basis.T
    padded = np.concatenate([known, np.ones((count, 1))], 1)
    ridge = 1e-3 * count * np.eye(padded.shape[1])
    solved = np.linalg.solve(padded.T @ padded + ridge, padded.T @ wanted).T
    left = wanted - padded @ solved.T
    covariance = left.T @ left / max(1, count - 1) + 1e-8 * np.eye(len(image_basis))
    return AppearancePrior(
        mask_mean, mask_basis, image_mean, image_basis, solved[:, :-1], solved[:, -1],
        np.linalg.cholesky(covariance),
    )  # fmt: skip


def read_appearance(folder: Path) -> AppearancePrior | None:
    """The prior of a checkpoint, or None if it has none.

    Raises:
        CheckpointError: If the file is not what `save` writes.
    """
    file = folder / APPEARANCE_FILE
    if not file.is_file():
        return None
    try:
        held = load_file(file)
        return AppearancePrior(
            **{one.name: held[one.name].astype(np.float64) for one in fields(AppearancePrior)}
        )
    except (SafetensorError, KeyError, OSError) as problem:
        raise CheckpointError(f"{file} is not an appearance prior ({problem}); write it anew") from problem


def _components(rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    mean = rows.mean(0)
    return mean, np.linalg.svd(rows - mean, full_matrices=False)[2][:count]
