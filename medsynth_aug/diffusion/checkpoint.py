"""Checkpoints are standard diffusers folders: find one, check it, load its parts. Safetensors only."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from medsynth_aug.diffusion.appearance import APPEARANCE_FILE, AppearancePrior, read_appearance
from medsynth_aug.errors import CheckpointError, UnknownCheckpointError

STARTER = Path(__file__).parents[1] / "starter"
SETTINGS_FILE = "medsynth.json"
HEALTHY_PROMPT = "frontal chest radiograph, no finding, region"
PARTS = ("vae", "unet", "text_encoder", "tokenizer", "scheduler")
WEIGHTED = ("vae", "unet", "text_encoder")
ANATOMIES = ("lungs", "masks", "none")
PICKLES = ("*.bin", "*.ckpt", "*.pt", "*.pth", "*.pkl")
HUB_PATTERNS = ["*.json", "*.txt", "*.safetensors", "*.model"]


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The loaded parts of a latent-diffusion checkpoint.

    Args:
        folder: Where it lies.
        vae: Autoencoder between pixels and latents.
        unet: The denoiser; 9 input channels (inpainting) or 4 (plain).
        controlnets: At least one.
        text_encoder: CLIP text model.
        tokenizer: Its tokenizer.
        scheduler_config: Configuration of the scheduler that it was trained for.
        max_strength: Largest strength at which these weights improve on a lesion prior, in [0, 1]; caps the
            lesion's own strength, never one that a request states. From `medsynth.json`, else 1.
        least_kept: Share of a lesion prior's change that must be left after denoising, in [0, 1]; below it
            the sample is refused, for its label would stand without a sign. From `medsynth.json`, else 0.
        healthy_prompt: What a region is painted with that shall stay healthy. From `medsynth.json`, else that
            of frontal chest radiographs.
        anatomy: What guided placement in its training images: "lungs", which the engine finds by itself, or
            "masks" or "none", where it finds nothing. From `medsynth.json`, else "lungs".
        whole_sizes: Sides in pixels, rising, at which a whole image is made one after the other. From
            `medsynth.json`, else the side that the UNet was made for.
        appearance: Where whole images start from; None starts from pure noise.
        digest: SHA-256 over all its weights and configurations.
    """

    folder: Path
    vae: AutoencoderKL
    unet: UNet2DConditionModel
    controlnets: tuple[ControlNetModel, ...]
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    scheduler_config: dict[str, Any]
    max_strength: float
    least_kept: float
    healthy_prompt: str
    anatomy: str
    whole_sizes: tuple[int, ...]
    appearance: AppearancePrior | None
    digest: str

    @property
    def vae_scale_factor(self) -> int:
        """Pixels per latent pixel along a side."""
        return vae_scale_factor(self.vae)


def vae_scale_factor(vae: AutoencoderKL) -> int:
    """Pixels per latent pixel along a side."""
    return int(2 ** (len(vae.config.block_out_channels) - 1))


def find_checkpoint(name: str | Path) -> Path:
    """The folder of a checkpoint: "starter", a local folder, or a Hub id (downloaded into the Hub's cache).

    Raises:
        UnknownCheckpointError: If there is nothing of that name.
    """
    if name == "starter":
        return STARTER
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(snapshot_download(str(name), allow_patterns=HUB_PATTERNS))
    except HFValidationError as problem:
        raise UnknownCheckpointError(
            f"checkpoint {str(name)!r} is neither a folder nor a Hub id"
        ) from problem
    except Exception as problem:
        raise UnknownCheckpointError(
            f"checkpoint {str(name)!r} is not a folder here, and the Hub did not give it: {problem}. "
            "Use 'starter', a diffusers folder, or the id of a repository that this machine can reach"
        ) from problem


def load_checkpoint(
    name: str | Path, *, dtype: torch.dtype, controlnets: Sequence[str | Path] = ()
) -> Checkpoint:
    """Load every part in `dtype` on the CPU.

    Args:
        name: "starter", a folder or a Hub id.
        dtype: Precision of the weights.
        controlnets: ControlNets to use instead of those in the folder.

    Raises:
        UnknownCheckpointError: If there is nothing of that name.
        CheckpointError: If a part is missing, kept as a pickle only, or of a layout that is not read.
    """
    folder = find_checkpoint(name)
    _check(folder)
    guides = [find_checkpoint(one) for one in controlnets] or sorted(folder.glob("controlnet*"))
    if not guides:
        raise CheckpointError(
            f"{folder} holds no ControlNet; pass controlnet=[folder or Hub id, ...] that fits its UNet"
        )
    for guide in guides:
        _check_weights(guide)

    def load(kind: Any, place: Path) -> Any:
        try:
            precision = {"dtype": dtype} if kind is CLIPTextModel else {"torch_dtype": dtype}
            return kind.from_pretrained(place, use_safetensors=True, **precision).eval().requires_grad_(False)
        except (OSError, ValueError, KeyError, RuntimeError) as problem:
            raise CheckpointError(f"{place} cannot be loaded: {problem}") from problem

    vae, unet = load(AutoencoderKL, folder / "vae"), load(UNet2DConditionModel, folder / "unet")
    return Checkpoint(
        folder=folder,
        vae=vae,
        unet=unet,
        controlnets=tuple(load(ControlNetModel, guide) for guide in guides),
        text_encoder=load(CLIPTextModel, folder / "text_encoder"),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        scheduler_config=DDIMScheduler.load_config(folder / "scheduler"),
        max_strength=_share(folder, "max_strength", 1.0),
        least_kept=_share(folder, "least_kept", 0.0),
        healthy_prompt=str(_settings(folder).get("healthy_prompt", HEALTHY_PROMPT)),
        anatomy=_anatomy(folder),
        whole_sizes=_whole_sizes(folder, (unet.config.sample_size or 64) * vae_scale_factor(vae)),
        appearance=read_appearance(folder),
        digest=_digest(folder, guides),
    )


def digest_of_folder(folder: Path) -> str:
    """The digest that `load_checkpoint(folder)` gives, without loading anything."""
    return _digest(folder, sorted(folder.glob("controlnet*")))


def _digest(folder: Path, guides: Sequence[Path]) -> str:
    return _digest_of(tuple((file, file.stat().st_mtime_ns) for file in _files(folder, guides)))


def _share(folder: Path, name: str, absent: float) -> float:
    """A setting of `medsynth.json` in [0, 1]."""
    value = float(_settings(folder).get(name, absent))
    if not 0 <= value <= 1:
        raise CheckpointError(f"{name} in {folder / SETTINGS_FILE} is {value}; it must be in [0, 1]")
    return value


def _anatomy(folder: Path) -> str:
    value = str(_settings(folder).get("anatomy", "lungs"))
    if value not in ANATOMIES:
        raise CheckpointError(
            f"anatomy in {folder / SETTINGS_FILE} is {value!r}; choose from {', '.join(ANATOMIES)}"
        )
    return value


def _whole_sizes(folder: Path, made_for: int) -> tuple[int, ...]:
    sizes = tuple(int(size) for size in _settings(folder).get("whole_sizes", [made_for]))
    if not sizes or list(sizes) != sorted(set(sizes)) or any(size < 64 or size % 64 for size in sizes):
        raise CheckpointError(
            f"whole_sizes in {folder / SETTINGS_FILE} is {list(sizes)}; it holds rising multiples of 64"
        )
    return sizes


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / SETTINGS_FILE
    return dict(json.loads(file.read_text())) if file.is_file() else {}


def _check(folder: Path) -> None:
    if (folder / "text_encoder_2").is_dir():
        raise CheckpointError(f"{folder} has two text encoders (SDXL layout); SD 1.5 layout is read so far")
    for part in PARTS:
        if not (folder / part).is_dir():
            raise CheckpointError(
                f"{folder} has no {part}/; a diffusers checkpoint holds {', '.join(PARTS)} and a ControlNet"
            )
    for part in WEIGHTED:
        _check_weights(folder / part)


def _check_weights(place: Path) -> None:
    if any(place.glob("*.safetensors")):
        return
    if any(next(place.glob(pattern), None) for pattern in PICKLES):
        raise CheckpointError(
            f"{place} keeps its weights as a pickle only, which can run code when read; convert it with "
            "save_pretrained(..., safe_serialization=True) on a machine that you trust"
        )
    raise CheckpointError(f"{place} holds no weights (*.safetensors); download the checkpoint again")


def _files(folder: Path, guides: Sequence[Path]) -> Iterator[Path]:
    for place in [*(folder / part for part in PARTS), *guides]:
        yield from sorted(file for file in place.iterdir() if file.is_file())
    if (folder / APPEARANCE_FILE).is_file():
        yield folder / APPEARANCE_FILE


@lru_cache(maxsize=8)
def _digest_of(files: tuple[tuple[Path, int], ...]) -> str:
    """Digest of the files as they are now: the time of the last change makes another entry of the cache."""
    digest = hashlib.sha256()
    for file, _ in files:
        with file.open("rb") as content:
            digest.update(f"{file.parent.name}/{file.name}:".encode())
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()
