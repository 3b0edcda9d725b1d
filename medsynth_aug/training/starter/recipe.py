"""The whole recipe of the starter checkpoint, stage after stage; each resumes where it was stopped."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from medsynth_aug.anatomy.lung_fields import SHIPPED_WEIGHTS
from medsynth_aug.diffusion.checkpoint import find_checkpoint
from medsynth_aug.diffusion.device import pick_device
from medsynth_aug.lesions import lesion_names, resolve_lesion
from medsynth_aug.training.starter.autoencoder import train_autoencoder
from medsynth_aug.training.starter.checkpoint import read_checkpoint, write_checkpoint
from medsynth_aug.training.starter.curves import write_curves
from medsynth_aug.training.starter.denoiser import train_denoiser
from medsynth_aug.training.starter.draws import DenoiserData
from medsynth_aug.training.starter.index import write_index
from medsynth_aug.training.starter.loop import LoopSettings
from medsynth_aug.training.starter.lung_fields import save_lung_fields, train_lung_fields
from medsynth_aug.training.starter.networks import build_denoiser
from medsynth_aug.training.starter.prompts import PHRASES, describe
from medsynth_aug.training.starter.radiographs import Radiograph, hold_out, read_radiographs
from medsynth_aug.training.starter.scenes import find_lungs
from medsynth_aug.training.starter.text import build_tokenizer

SHARES = {"lung_fields": 0.07, "autoencoder": 0.18, "denoiser": 0.75}
"""How the time is divided; a run that starts from a checkpoint gives all of it to the denoiser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One run of the recipe; see the command line for the meaning of each."""

    data: Path
    out: Path
    start_from: str | None = None
    budget_minutes: float = 120.0
    pool: str | None = "starter"
    device: str = "auto"
    batch_size: int | None = None
    passes: int | None = None
    limit: int | None = None
    max_steps: int | None = None
    scenes_per_draw: int | None = None
    seed: int = 0

    def minutes(self, stage: str) -> float:
        """Minutes of one stage."""
        return self.budget_minutes * (SHARES[stage] if self.start_from is None else 1.0)


def run(recipe: Recipe) -> Path:
    """Train, write the checkpoint with its training index and curves; returns its folder.

    Raises:
        UnknownCheckpointError: If there is no checkpoint to start from.
        CheckpointError: If the one to start from is not of this recipe's layout.
        UnreadableFileError: If the data folder or one of its files cannot be read.
        LabelError: If the CSV lacks a column.
        DeviceError: If the device that was asked for is not there.
    """
    device = pick_device(recipe.device)
    on_gpu = device.type == "cuda"
    state = recipe.out / "state"
    radiographs = read_radiographs(recipe.data, pool=recipe.pool, limit=recipe.limit)
    train, held_out = hold_out(radiographs)

    if not held_out:
        print("one patient only: nothing is held out, and no held-out loss is logged")
    lungs = find_lungs(radiographs, _lung_weights(recipe, train, held_out, device))

    if recipe.start_from is None:
        vae = train_autoencoder(
            train, held_out, state / "autoencoder",
            LoopSettings(budget_minutes=recipe.minutes("autoencoder"), learning_rate=2e-3, ema_decay=0.995),
            device=device, batch_size=128 if on_gpu else 8, seed=recipe.seed, max_steps=recipe.max_steps,
        )  # fmt: skip
        model = build_denoiser(build_tokenizer(_prompts(radiographs)), seed=recipe.seed)
    else:
        vae, model = read_checkpoint(recipe.start_from)

    batch_size = recipe.batch_size or (512 if on_gpu else 16)
    data = DenoiserData(
        batch_size=batch_size,
        scenes_per_draw=recipe.scenes_per_draw or max(256, 4 * batch_size),
        passes_per_draw=recipe.passes or 3,
        threads=os.cpu_count() or 1,
    )
    known = dict(zip(map(id, radiographs), lungs, strict=True))
    train_denoiser(
        [(one, known[id(one)]) for one in train], [(one, known[id(one)]) for one in held_out], vae, model,
        state / "denoiser",
        LoopSettings(budget_minutes=recipe.minutes("denoiser"), learning_rate=6e-4, ema_decay=0.998),
        data, device=device, seed=recipe.seed, max_steps=recipe.max_steps,
    )  # fmt: skip

    write_checkpoint(recipe.out, vae, model)
    write_index(recipe.out, radiographs, lungs)
    write_curves(state, recipe.out / "curves.png")
    return recipe.out


def _lung_weights(
    recipe: Recipe, train: list[Radiograph], held_out: list[Radiograph], device: torch.device
) -> Path | None:
    """Weights of the segmenter: those to start from, else trained here, else (without masks) the shipped."""
    weights = recipe.out / "lung_fields" / "model.safetensors"
    if recipe.start_from is not None:
        given = find_checkpoint(recipe.start_from) / "lung_fields" / "model.safetensors"
        if not given.is_file():
            return None
        weights.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(given, weights)
        return weights
    if not any(one.lung_mask is not None for one in train):
        shipped = SHIPPED_WEIGHTS.is_file()
        instead = "the shipped segmenter finds them" if shipped else "they are left empty"
        print(f"no training image has a lung mask: lung fields are not trained, {instead}")
        return SHIPPED_WEIGHTS if shipped else None
    network = train_lung_fields(
        train, held_out, recipe.out / "state" / "lung_fields",
        LoopSettings(budget_minutes=recipe.minutes("lung_fields"), learning_rate=2e-3, ema_decay=0.99),
        device=device, batch_size=64 if device.type == "cuda" else 8, seed=recipe.seed,
        max_steps=recipe.max_steps,
    )  # fmt: skip
    save_lung_fields(network, weights)
    return weights


def _prompts(radiographs: list[Radiograph]) -> list[str]:
    """Every word that the vocabulary should hold whole."""
    catalogue = [resolve_lesion(name).prompt for name in lesion_names()]
    rows = sorted({describe(one.row) for one in radiographs})
    return [*rows, *catalogue, *(f"whole, region, {phrase}" for phrase in PHRASES.values())]
