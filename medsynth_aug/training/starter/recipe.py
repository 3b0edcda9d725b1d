"""The whole recipe of the starter checkpoint, stage after stage; each resumes where it was stopped."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from accelerate import Accelerator
from diffusers import AutoencoderKL

from medsynth_aug.anatomy.lung_fields import SHIPPED_WEIGHTS
from medsynth_aug.diffusion.checkpoint import SETTINGS_FILE, find_checkpoint
from medsynth_aug.diffusion.device import pick_device
from medsynth_aug.diffusion.prompts import SIZE_WORDS
from medsynth_aug.lesions import lesion_names, resolve_lesion
from medsynth_aug.training.starter.appearance import appearance_of
from medsynth_aug.training.starter.checkpoint import read_checkpoint, write_checkpoint
from medsynth_aug.training.starter.images.anatomy import find_anatomy
from medsynth_aug.training.starter.images.draws import WIDE_SIZE, DenoiserData
from medsynth_aug.training.starter.images.prompts import (
    NO_FINDING,
    attributes_of,
    healthy_prompt,
    phrase_of,
)
from medsynth_aug.training.starter.images.radiographs import Radiograph, hold_out, read_radiographs
from medsynth_aug.training.starter.images.scenes import Item, SceneDrawer
from medsynth_aug.training.starter.index import write_index
from medsynth_aug.training.starter.looking.curves import write_curves
from medsynth_aug.training.starter.settings import Recipe
from medsynth_aug.training.starter.stages.autoencoder import train_autoencoder
from medsynth_aug.training.starter.stages.decoder import train_decoder
from medsynth_aug.training.starter.stages.denoiser import train_denoiser
from medsynth_aug.training.starter.stages.few_steps import train_few_steps
from medsynth_aug.training.starter.stages.loop import open_accelerator
from medsynth_aug.training.starter.stages.lung_fields import save_lung_fields, train_lung_fields
from medsynth_aug.training.starter.stages.networks import Denoiser, build_denoiser
from medsynth_aug.training.starter.stages.state import LoopSettings
from medsynth_aug.training.starter.stages.text import add_words, build_tokenizer


def run(recipe: Recipe) -> Path:
    """Train, write the checkpoint with its training index and curves; returns its folder.

    Raises:
        UnknownCheckpointError: If there is no checkpoint to start from.
        CheckpointError: If the one to start from is not of this recipe's layout.
        UnreadableFileError: If the data folder or one of its files cannot be read.
        LabelError: If the CSV lacks a column.
        DeviceError: If the device that was asked for is not there.
    """
    accelerator = open_accelerator(pick_device(recipe.device))
    radiographs = read_radiographs(recipe.data, pool=recipe.pool, limit=recipe.limit)
    train, held_out = hold_out(radiographs)
    if not held_out:
        accelerator.print("one patient only: nothing is held out, and no held-out loss is logged")
    weights = _lung_weights(recipe, train, held_out, accelerator) if recipe.anatomy == "lungs" else None
    anatomy = find_anatomy(radiographs, recipe.anatomy, weights, workers=_workers(accelerator))
    known = dict(zip(map(id, radiographs), anatomy, strict=True))

    vae, model = _networks(recipe, radiographs, train, held_out, accelerator)
    _train_denoiser(
        recipe, vae, model, accelerator,
        [(one, known[id(one)]) for one in train], [(one, known[id(one)]) for one in held_out],
    )  # fmt: skip
    if "decoder" in recipe.trained:
        train_decoder(
            vae, train, held_out, recipe.out / "state" / "decoder",
            LoopSettings(budget_minutes=recipe.minutes("decoder"), learning_rate=3e-4, ema_decay=0.99),
            accelerator=accelerator, batch_size=64 if accelerator.device.type == "cuda" else 8,
            seed=recipe.seed, workers=_workers(accelerator), max_steps=recipe.max_steps,
        )  # fmt: skip
    if accelerator.is_main_process:
        write_checkpoint(recipe.out, vae.cpu(), model.cpu())
        _write_settings(recipe)
        appearance = appearance_of(radiographs, anatomy, lungs=recipe.anatomy == "lungs")
        if appearance is not None:
            appearance.save(recipe.out)
        write_index(recipe.out, radiographs, anatomy)
        write_curves(recipe.out / "state", recipe.out / "curves.png")
    accelerator.wait_for_everyone()
    return recipe.out


def _networks(
    recipe: Recipe, radiographs: list[Radiograph], train: list[Radiograph], held_out: list[Radiograph],
    accelerator: Accelerator,
) -> tuple[AutoencoderKL, Denoiser]:  # fmt: skip
    """Autoencoder and denoiser: those to start from, or an autoencoder trained here and an untrained rest."""
    prompts = _vocabulary(recipe, radiographs, accelerator)
    if recipe.start_from is not None:
        vae, model = read_checkpoint(recipe.start_from)
        add_words(model.tokenizer, model.text_encoder, prompts, recipe.seed)
        return vae, model
    vae = train_autoencoder(
        train, held_out, recipe.out / "state" / "autoencoder",
        LoopSettings(budget_minutes=recipe.minutes("autoencoder"), learning_rate=2e-3, ema_decay=0.995),
        accelerator=accelerator, batch_size=128 if accelerator.device.type == "cuda" else 8,
        seed=recipe.seed, workers=_workers(accelerator), max_steps=recipe.max_steps,
    )  # fmt: skip
    return vae, build_denoiser(build_tokenizer(prompts), seed=recipe.seed)


def _train_denoiser(
    recipe: Recipe, vae: AutoencoderKL, model: Denoiser, accelerator: Accelerator, train: Sequence[Item],
    held_out: Sequence[Item],
) -> None:  # fmt: skip
    batch_size = recipe.batch_size or (256 if accelerator.device.type == "cuda" else 16)
    data = DenoiserData(
        batch_size=batch_size,
        scenes_per_draw=recipe.scenes_per_draw or max(256, 4 * batch_size),
        passes_per_draw=recipe.passes or 3,
        workers=_workers(accelerator),
    )

    def drawer(items: Sequence[Item]) -> SceneDrawer:
        return SceneDrawer(items, modality=recipe.modality, lesions=recipe.anatomy == "lungs")

    for stage, train_stage, rate, decay in (
        ("denoiser", train_denoiser, recipe.learning_rate, 0.998),
        ("few_steps", train_few_steps, recipe.learning_rate / 5, 0.99),
    ):
        if stage in recipe.trained:
            train_stage(
                drawer(train), drawer(held_out) if held_out else None, vae, model,
                recipe.out / "state" / stage,
                LoopSettings(budget_minutes=recipe.minutes(stage), learning_rate=rate, ema_decay=decay),
                data, accelerator=accelerator, seed=recipe.seed, max_steps=recipe.max_steps,
            )  # fmt: skip


def _workers(accelerator: Accelerator) -> int:
    """Processes of one rank that draw ahead for a GPU; a CPU that trains has no cores to spare."""
    if accelerator.device.type != "cuda":
        return 0
    return max(1, (os.cpu_count() or 1) // accelerator.num_processes)


def _lung_weights(
    recipe: Recipe, train: list[Radiograph], held_out: list[Radiograph], accelerator: Accelerator
) -> Path | None:
    """Weights of the segmenter: those to start from, else trained here, else (without masks) the shipped."""
    weights = recipe.out / "lung_fields" / "model.safetensors"
    if "lung_fields" not in recipe.trained and recipe.start_from is not None:
        given = find_checkpoint(recipe.start_from) / "lung_fields" / "model.safetensors"
        if given.is_file() and accelerator.is_main_process:
            weights.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(given, weights)
        return given if given.is_file() else None
    shipped = SHIPPED_WEIGHTS.is_file()
    if "lung_fields" not in recipe.trained:
        return weights if weights.is_file() else SHIPPED_WEIGHTS if shipped else None
    if not any(one.lung_mask is not None for one in train):
        instead = "the shipped segmenter finds them" if shipped else "they are left empty"
        accelerator.print(f"no training image has a lung mask: lung fields are not trained, {instead}")
        return SHIPPED_WEIGHTS if shipped else None
    network = train_lung_fields(
        train, held_out, recipe.out / "state" / "lung_fields",
        LoopSettings(budget_minutes=recipe.minutes("lung_fields"), learning_rate=2e-3, ema_decay=0.99),
        accelerator=accelerator, batch_size=64 if accelerator.device.type == "cuda" else 8, seed=recipe.seed,
        workers=_workers(accelerator), max_steps=recipe.max_steps,
    )  # fmt: skip
    if accelerator.is_main_process:
        save_lung_fields(network, weights)
    accelerator.wait_for_everyone()
    return weights


def _write_settings(recipe: Recipe) -> None:
    """What the engine has to know of these weights; a strength that was set by hand before is kept."""
    file = recipe.out / SETTINGS_FILE
    held = json.loads(file.read_text()) if file.is_file() else {}
    held |= {
        "healthy_prompt": healthy_prompt(recipe.modality), "anatomy": recipe.anatomy,
        "whole_sizes": [WIDE_SIZE],
    }  # fmt: skip
    file.write_text(json.dumps(held, indent=2, sort_keys=True) + "\n")


def _vocabulary(recipe: Recipe, radiographs: list[Radiograph], accelerator: Accelerator) -> list[str]:
    """The words of this run; a resumed one keeps those that it began with, whatever is registered since."""
    file = recipe.out / "state" / "vocabulary.json"
    if file.is_file():
        return list(json.loads(file.read_text()))
    words = _prompts(recipe, radiographs)
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(words, indent=2) + "\n")
    return words


def _prompts(recipe: Recipe, radiographs: list[Radiograph]) -> list[str]:
    """Every word that the vocabulary should hold whole."""
    words = [recipe.modality, NO_FINDING, "whole, region, right side, left side, both sides", *SIZE_WORDS]
    if recipe.anatomy == "lungs":
        words += [resolve_lesion(name).prompt for name in lesion_names()]
    words += sorted({word for one in radiographs for word in attributes_of(one.row)})
    return words + sorted({phrase_of(label) for one in radiographs for label in one.labels})
