"""Lung fields by a small segmentation network that ships with the package."""

import hashlib
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from monai.networks.nets import UNet
from safetensors.torch import load_file
from torch import Tensor, nn

from medsynth_aug.anatomy.pieces import tidy
from medsynth_aug.errors import CheckpointError
from medsynth_aug.types import BoolMap, Grey

INPUT_SIZE = 256
SHIPPED_WEIGHTS = Path(__file__).parents[1] / "starter" / "lung_fields" / "model.safetensors"


def build_lung_network() -> nn.Module:
    """An untrained residual U-Net, one grey channel in, right and left lung out."""
    return UNet(
        spatial_dims=2,
        in_channels=1,
        out_channels=2,
        channels=(16, 32, 64, 96, 128),
        strides=(2, 2, 2, 2),
        num_res_units=1,
        norm="instance",
    )


def standardise(grey: Grey) -> Grey:
    """`grey` at the network's size with its 2nd and 98th percentile at -1 and 1."""
    small = cv2.resize(grey, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA)
    low, high = np.percentile(small, (2, 98))
    return np.clip(2 * (small - low) / max(float(high - low), 1e-6) - 1, -1.5, 1.5).astype(np.float32)


def segment_lungs(grey: Grey, *, weights: Path = SHIPPED_WEIGHTS) -> Tensor:
    """The lung fields of a frontal chest radiograph, on the CPU in fp32.

    Args:
        grey: `(H, W)` float32 in [0, 1], bright = dense.
        weights: A safetensors file of `build_lung_network()`.

    Returns:
        `(2, H, W)` bool: the patient's right lung (image left), then the left one; each one connected piece,
        all False where no lung is seen.

    Raises:
        CheckpointError: If the weights are missing or do not fit.
    """
    network = _load(weights)
    with torch.inference_mode():
        logits = network(torch.from_numpy(standardise(grey))[None, None])[0].numpy()
    found = (tidy(side > 0).astype(np.float32) for side in logits)
    full = [cv2.resize(side, grey.shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5 for side in found]
    return torch.from_numpy(np.stack(full))


def split_sides(lungs: BoolMap) -> BoolMap:
    """One map of both lungs as `(2, H, W)`: each piece goes to the side of the midline that it lies on."""
    columns = np.nonzero(lungs)[1]
    if not len(columns):
        return np.zeros((2, *lungs.shape), bool)
    midline = (columns.min() + columns.max()) / 2
    count, labels, stats, centres = cv2.connectedComponentsWithStats(lungs.astype(np.uint8))
    sides = np.zeros((2, *lungs.shape), bool)
    for piece in range(1, count):
        left, width = stats[piece, cv2.CC_STAT_LEFT], stats[piece, cv2.CC_STAT_WIDTH]
        if left < midline < left + width and width > 0.6 * (columns.max() - columns.min()):
            halves = np.arange(lungs.shape[1]) >= midline  # both lungs in one piece: cut at the midline
            sides[0] |= (labels == piece) & ~halves
            sides[1] |= (labels == piece) & halves
        else:
            sides[int(centres[piece][0] >= midline)] |= labels == piece
    return sides


@cache
def weights_digest(weights: Path = SHIPPED_WEIGHTS) -> str:
    """SHA-256 of the weights file, or "none" where it is missing."""
    return hashlib.sha256(weights.read_bytes()).hexdigest() if weights.is_file() else "none"


@cache
def _load(weights: Path) -> nn.Module:
    if not weights.is_file():
        raise CheckpointError(f"{weights} is missing; reinstall medsynth-aug, or pass your own anatomy")
    network = build_lung_network()
    try:
        network.load_state_dict(load_file(weights))
    except RuntimeError as problem:
        raise CheckpointError(f"{weights} does not fit the lung network: {problem}") from problem
    return network.eval()
