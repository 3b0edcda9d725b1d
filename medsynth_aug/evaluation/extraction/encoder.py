"""A small encoder of radiographs that ships, so that every figure exists offline and from few images."""

from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from medsynth_aug.errors import CheckpointError
from medsynth_aug.types import Grey

FEATURES = 64
INPUT_SIZE = 128
INPUT_VERSION = 1
"""Raised when `standardise` changes; part of the extractor's digest."""

WIDTHS = (32, 64, 128)
SHIPPED_WEIGHTS = Path(__file__).parents[2] / "starter" / "encoder" / "model.safetensors"


class _Residual(nn.Module):
    """Two convolutions beside a shortcut (He et al., CVPR 2016), with group normalisation."""

    def __init__(self, narrow: int, wide: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(narrow, wide, 3, stride, 1, bias=False), nn.GroupNorm(8, wide), nn.SiLU(),
            nn.Conv2d(wide, wide, 3, 1, 1, bias=False), nn.GroupNorm(8, wide),
        )  # fmt: skip
        same = narrow == wide and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(narrow, wide, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, narrow, H, W)` to `(B, wide, H / stride, W / stride)`."""
        return nn.functional.silu(self.body(x) + self.shortcut(x))


class RadiographEncoder(nn.Module):
    """`(B, 1, 128, 128)` standardised grey to `(B, 64)` features; about 0.7 million parameters."""

    num_features = FEATURES

    def __init__(self) -> None:
        super().__init__()
        stem = [nn.Conv2d(1, WIDTHS[0], 5, 2, 2, bias=False), nn.GroupNorm(8, WIDTHS[0]), nn.SiLU()]
        stages = [
            block
            for narrow, wide in zip((WIDTHS[0], *WIDTHS[:-1]), WIDTHS)
            for block in (_Residual(narrow, wide, 2), _Residual(wide, wide, 1))
        ]
        self.body = nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.features = nn.Linear(WIDTHS[-1], FEATURES)

    def forward(self, grey: Tensor) -> Tensor:
        """Features `(B, 64)` of standardised images."""
        return self.features(self.body(grey))


def standardise(grey: Grey) -> Grey:
    """`grey` `(H, W)` squashed to 128 x 128, with its 1st and 99th percentile at -1 and 1.

    The aspect is given up because many public films exist only squashed; exposure is taken out.
    """
    small = cv2.resize(grey, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA)
    low, high = np.percentile(small, (1, 99))
    return np.clip(2 * (small - low) / max(float(high - low), 1e-6) - 1, -1.5, 1.5).astype(np.float32)


def load_encoder(weights: Path = SHIPPED_WEIGHTS) -> RadiographEncoder:
    """The encoder in fp32 on the CPU, for inference.

    Raises:
        CheckpointError: If the weights are missing or do not fit.
    """
    if not weights.is_file():
        raise CheckpointError(f"{weights} is missing; reinstall medsynth-aug, or name another extractor")
    with torch.random.fork_rng(devices=[]):  # layers draw their first weights from torch's global generator
        encoder = RadiographEncoder()
    try:
        encoder.load_state_dict({name: value.float() for name, value in load_file(weights).items()})
    except SafetensorError as problem:
        raise CheckpointError(f"{weights} is damaged ({problem}); reinstall medsynth-aug") from problem
    except RuntimeError as problem:
        raise CheckpointError(f"{weights} does not fit the encoder: {problem}") from problem
    return encoder.eval().requires_grad_(False)
