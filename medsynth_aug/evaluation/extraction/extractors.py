"""What sees the images: our encoder, the user's own weights of a known network, or any module."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.extraction.encoder import (
    FEATURES,
    INPUT_VERSION,
    SHIPPED_WEIGHTS,
    load_encoder,
    standardise,
)
from medsynth_aug.evaluation.extraction.networks import NETWORKS
from medsynth_aug.types import Grey

BATCH_SIZE = 32
FORMS = (
    "medsynth", "inception_v3:FILE.safetensors", "resnet50:FILE.safetensors",
    "torchxrayvision:FILE.safetensors", "transformers:FOLDER",
)  # fmt: skip
"""Names that are known; weights are local files of the user, and nothing is downloaded."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureExtractor:
    """Turns grey images into features.

    Args:
        name: Stands beside every figure; of weights the file's name only, never where it lies.
        digest: SHA-256 of weights and preprocessing: figures of other digests cannot be compared.
        num_features: D.
        module: Takes `(B, C, S, S)` float32 and gives `(B, D)`.
        prepare: Makes one input `(C, S, S)` of a grey image `(H, W)` in [0, 1].
        device: Where the module is.
    """

    name: str
    digest: str
    num_features: int
    module: nn.Module
    prepare: Callable[[Grey], np.ndarray]
    device: torch.device

    @torch.inference_mode()
    def __call__(self, images: Sequence[Grey]) -> np.ndarray:
        """Features `(N, D)` float32."""
        parts = [np.zeros((0, self.num_features), np.float32)]
        for first in range(0, len(images), BATCH_SIZE):
            batch = np.stack([self.prepare(one) for one in images[first : first + BATCH_SIZE]])
            parts.append(self.module(torch.from_numpy(batch).to(self.device)).float().cpu().numpy())
        return np.concatenate(parts)


def load_extractor(name: str | Path | nn.Module = "medsynth", *, device: str = "auto") -> FeatureExtractor:
    """An extractor by name, or any module of your own.

    Args:
        name: One of `FORMS`; or a module with `num_features` that takes `(B, 1, S, S)` grey in [0, 1] and
            gives `(B, D)`, where S is its `input_size`, 224 if it has none; it is put into `eval` mode.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".

    Raises:
        SettingError: If the name is not known, or a package that it needs is missing.
        CheckpointError: If weights are missing, a pickle, or do not fit.
        DeviceError: If the device is not there.
    """
    from medsynth_aug.diffusion.device import pick_device

    place = pick_device(device)
    if isinstance(name, nn.Module):
        return _of_module(name, place)
    kind, _, weights = str(name).partition(":")
    if kind == "medsynth":
        digest = hashlib.sha256(f"{INPUT_VERSION}".encode() + _bytes(SHIPPED_WEIGHTS)).hexdigest()
        module = load_encoder().to(place)
        return FeatureExtractor(
            "medsynth", digest, FEATURES, module, lambda grey: standardise(grey)[None], place
        )
    if kind not in NETWORKS or not weights:
        raise SettingError(f"extractor {str(name)!r} is not known; choose from {', '.join(FORMS)}")
    with torch.random.fork_rng(devices=[]):  # layers draw their first weights from torch's global generator
        network = NETWORKS[kind](weights)
    return FeatureExtractor(
        f"{kind}:{Path(weights).name}", _digest_of(network.module, f"{network.preprocessing} {network.size}"),
        network.num_features, network.module.to(place).eval(), _resized(network.size, network.prepare), place,
    )  # fmt: skip


def _of_module(module: nn.Module, place: torch.device) -> FeatureExtractor:
    num_features = getattr(module, "num_features", None)
    if not isinstance(num_features, int):
        raise SettingError(f"{type(module).__name__} has no num_features; give it the number of its features")
    size = int(getattr(module, "input_size", 224))
    return FeatureExtractor(
        type(module).__name__, _digest_of(module, f"grey 1 {size}"), num_features, module.to(place).eval(),
        _resized(size, lambda grey: grey[None]), place,
    )  # fmt: skip


def _resized(size: int, prepare: Callable[[Grey], np.ndarray]) -> Callable[[Grey], np.ndarray]:
    """`prepare` on the image squashed to `size` by areas."""

    def prepared(grey: Grey) -> np.ndarray:
        return prepare(np.asarray(cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA), np.float32))

    return prepared


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _digest_of(module: nn.Module, preprocessing: str) -> str:
    digest = hashlib.sha256(f"{type(module).__name__} {preprocessing}".encode())
    for name, value in sorted(module.state_dict().items()):
        raw = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        digest.update(name.encode() + raw.numpy().tobytes())
    return digest.hexdigest()
