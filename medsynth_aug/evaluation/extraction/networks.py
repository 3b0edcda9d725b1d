"""Networks known by name, with weights from the user's own files: nothing is downloaded or unpickled."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from medsynth_aug.errors import CheckpointError
from medsynth_aug.types import Grey

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network without its classifier.

    Args:
        module: Takes `(B, C, S, S)` float32 and gives `(B, D)`.
        num_features: D.
        size: S.
        prepare: Makes one input `(C, S, S)` of grey `(S, S)` in [0, 1].
        preprocessing: Says what `prepare` does; part of the extractor's digest.
    """

    module: nn.Module
    num_features: int
    size: int
    prepare: Callable[[Grey], np.ndarray]
    preprocessing: str


def inception_v3(weights: str) -> Network:
    """Torchvision's Inception v3: 2048 pooled features at 299 x 299.

    Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016.
    """
    from torchvision.models import inception_v3 as build

    held = _read(weights, without=("fc.", "AuxLogits."))
    module = build(weights=None, init_weights=False, aux_logits=False, transform_input=True)
    return _pooled("inception_v3", module, held, weights, size=299)


def resnet50(weights: str) -> Network:
    """Torchvision's ResNet-50, which RadImageNet has too: 2048 pooled features at 224 x 224.

    He et al., "Deep residual learning for image recognition", CVPR 2016.
    """
    from torchvision.models import resnet50 as build

    return _pooled("resnet50", build(weights=None), _read(weights, without=("fc.",)), weights, size=224)


def torchxrayvision(weights: str) -> Network:
    """The DenseNet-121 of torchxrayvision: 1024 pooled features of one channel at 224 x 224.

    Cohen et al., "TorchXRayVision: a library of chest X-ray datasets and models", MIDL 2022.

    Raises:
        CheckpointError: If `weights` is no safetensors file of that network: the package itself would
            download a pickle.
    """
    from torchvision.models import densenet121

    if not weights.endswith(".safetensors"):
        raise CheckpointError(
            f"torchxrayvision:{weights} would be downloaded and unpickled; where you trust it, pip install "
            "torchxrayvision, then save_file(torchxrayvision.models.DenseNet(weights=...).state_dict(), "
            '"xrv.safetensors") and name that file'
        )
    module = densenet121(weights=None)
    module.features.conv0 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    module.classifier = nn.Identity()  # type: ignore[assignment]
    _fit("densenet121", module, _read(weights, without=("classifier.", "op_threshs")), weights)
    return Network(module, 1024, 224, lambda grey: (2048 * grey - 1024)[None].astype(np.float32), "xrv 1")


def transformers(folder: str) -> Network:
    """A vision transformer of RadDINO's kind: its pooled output, or its class token if it has no pooling.

    Channels are scaled by the folder's `preprocessor_config.json` where there is one, else by ImageNet's.
    Pérez-García et al., "Exploring scalable medical image encoders beyond text supervision", Nature
    Machine Intelligence 7 (2025).
    """
    from transformers import AutoModel

    path = Path(folder)
    if not path.is_dir():
        raise CheckpointError(
            f"{folder} is not a folder; give one that save_pretrained wrote, with safetensors"
        )
    try:
        model, told = AutoModel.from_pretrained(
            path, local_files_only=True, use_safetensors=True, trust_remote_code=False,
            output_loading_info=True,
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError) as problem:
        raise CheckpointError(f"{folder} cannot be loaded: {problem}") from problem
    missing = [name for name in told["missing_keys"] if "pooler" not in name]
    if missing:
        raise CheckpointError(f"{folder} lacks weights, first {missing[0]}; get the whole checkpoint")
    size, num_features = getattr(model.config, "image_size", 224), getattr(model.config, "hidden_size", None)
    if not isinstance(num_features, int) or not isinstance(size, int):
        raise CheckpointError(f"{folder} is no vision transformer of square images; pass it as an nn.Module")
    mean, std = _scaling(path / "preprocessor_config.json")
    module = _Tokens(model, pooled=not told["missing_keys"])
    return Network(module, num_features, size, _scaled(mean, std), f"channels {mean} {std} 1")


NETWORKS: dict[str, Callable[[str], Network]] = {
    "inception_v3": inception_v3, "resnet50": resnet50, "torchxrayvision": torchxrayvision,
    "transformers": transformers,
}  # fmt: skip
"""Each by its name; the argument is the user's file or folder."""


class _Tokens(nn.Module):
    """One vector of a transformer; an untrained pooling layer is not used."""

    def __init__(self, model: nn.Module, *, pooled: bool) -> None:
        super().__init__()
        self.model = model
        self.pooled = pooled

    def forward(self, pixels: Tensor) -> Tensor:
        found: Any = self.model(pixel_values=pixels)
        pooled = getattr(found, "pooler_output", None) if self.pooled else None
        return found.last_hidden_state[:, 0] if pooled is None else pooled.flatten(1)


def _pooled(name: str, module: nn.Module, held: dict[str, Tensor], weights: str, *, size: int) -> Network:
    module.fc = nn.Identity()
    _fit(name, module, held, weights)
    prepare = _scaled(IMAGENET_MEAN, IMAGENET_STD)
    return Network(module, 2048, size, prepare, f"channels {IMAGENET_MEAN} {IMAGENET_STD} 1")


def _fit(name: str, module: nn.Module, held: dict[str, Tensor], weights: str) -> None:
    try:
        module.load_state_dict({name: value.float() for name, value in held.items()})
    except RuntimeError as problem:
        reason = " ".join(str(problem).split())[:200]
        raise CheckpointError(
            f"{weights} does not fit torchvision's {name}: {reason} ...; give weights of that network with "
            "its own names, or pass your network as an nn.Module"
        ) from problem


def _scaled(mean: tuple[float, ...], std: tuple[float, ...]) -> Callable[[Grey], np.ndarray]:
    """Three equal channels, each less its mean, by its spread."""

    def prepare(grey: Grey) -> np.ndarray:
        return np.stack([(grey - m) / s for m, s in zip(mean, std, strict=True)]).astype(np.float32)

    return prepare


def _scaling(file: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    told = json.loads(file.read_text()) if file.is_file() else {}
    return tuple(told.get("image_mean", IMAGENET_MEAN)), tuple(told.get("image_std", IMAGENET_STD))


def _read(weights: str, *, without: tuple[str, ...]) -> dict[str, Tensor]:
    path = Path(weights)
    if path.suffix != ".safetensors":
        raise CheckpointError(
            f"{weights} is not a safetensors file; a pickle can run code when read: convert it with "
            "safetensors.torch.save_file(model.state_dict(), ...) on a machine that you trust"
        )
    if not path.is_file():
        raise CheckpointError(f"{weights} does not exist; give the file with the weights")
    try:
        held = load_file(path)
    except SafetensorError as problem:
        raise CheckpointError(f"{weights} is damaged ({problem}); get the file again") from problem
    return {name: value for name, value in held.items() if not name.startswith(without)}
