"""The recipe and the engine serve images without lungs: anatomy from the user's masks, or none at all."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
import torch

from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.diffusion.checkpoint import ANATOMIES, SETTINGS_FILE, load_checkpoint
from medsynth_aug.diffusion.training_index import read_index
from medsynth_aug.errors import CheckpointError, GridError, SettingError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import (
    Job,
    Refusal,
    SamplingSettings,
    SourceImage,
    SynthesisRequest,
    SyntheticSample,
    real_source,
)
from medsynth_aug.training.starter.images.anatomy import AnatomyKind, find_anatomy
from medsynth_aug.training.starter.images.radiographs import Radiograph, read_radiographs
from medsynth_aug.training.starter.images.scenes import SceneDrawer
from medsynth_aug.training.starter.recipe import run
from medsynth_aug.training.starter.settings import Recipe
from tests.ultrasound import CYST, MODALITY, SHAPE, SPACING_MM, gland, speckled


def write_ultrasound(folder: Path) -> Path:
    """Eight patients with `labels.csv`, `boxes.csv` and a mask of the gland for each; no pool, no view."""
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "gland.png"), np.where(gland(), 255, 0).astype(np.uint8))
    rows, boxes = [], []
    for number in range(8):
        grey, label = speckled(number), ("Normal", "cyst")[number % 2]
        if label == "cyst":
            cv2.ellipse(grey, (75, 70), (16, 11), 0, 0, 360, 20, -1)
            boxes.append(
                {"file": f"{number}.png", "label": label, "x": "59", "y": "59", "w": "32", "h": "22"}
            )
        cv2.imwrite(str(folder / f"{number}.png"), grey)
        rows.append(
            {"file": f"{number}.png", "labels": label, "patient_id": f"p{number}", "mask": "gland.png"}
        )
    for name, table in (("labels.csv", rows), ("boxes.csv", boxes)):
        with (folder / name).open("w", newline="") as lines:
            writer = csv.DictWriter(lines, table[0])
            writer.writeheader()
            writer.writerows(table)
    return folder


@dataclass(frozen=True, slots=True)
class Trained:
    """What one run of the recipe left."""

    kind: AnatomyKind
    folder: Path
    engine: LesionSynthesizer


@pytest.fixture(scope="module")
def ultrasound_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ultrasound(tmp_path_factory.mktemp("data") / "ultrasound")


@pytest.fixture(scope="module", params=["none", "masks"])
def trained(
    request: pytest.FixtureRequest, ultrasound_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    out = run(
        Recipe(
            data=ultrasound_folder, out=tmp_path_factory.mktemp("starter"), modality=MODALITY,
            anatomy=request.param, pool=None, budget_minutes=60, device="cpu", batch_size=2, max_steps=1,
            scenes_per_draw=4,
        )
    )  # fmt: skip
    return Trained(request.param, out, LesionSynthesizer.from_pretrained(out, device="cpu"))


def source_of(seed: int = 99) -> SourceImage:
    return real_source(torch.from_numpy(speckled(seed))[None], spacing_mm=SPACING_MM)


def paint(engine: LesionSynthesizer, **maps: torch.Tensor) -> SyntheticSample:
    source = source_of()
    request = SynthesisRequest(
        source=source.digest, lesion=resolve_lesion(CYST), engine=engine.fingerprint, seed=0, slot="0",
        sampling=SamplingSettings(num_inference_steps=1, strength=0.1),
    )  # fmt: skip
    (result,) = engine.synthesize([Job(request, source, **maps)])
    assert not isinstance(result, Refusal), result.reason
    return result


def mean_inside(sample: SyntheticSample, pixels: torch.Tensor) -> float:
    return float(pixels[sample.mask].float().mean())


def prompts_of(items: Sequence[tuple[object, np.ndarray]]) -> list[str]:
    drawer = SceneDrawer(items, modality=MODALITY, lesions=False)  # type: ignore[arg-type]
    return [drawer(np.random.default_rng(seed), 64).prompt for seed in range(40)]


@pytest.mark.parametrize("kind", ["none", "masks"])
def test_every_prompt_begins_with_the_modality_and_none_speaks_of_the_chest(
    kind: AnatomyKind, ultrasound_folder: Path
) -> None:
    images = read_radiographs(ultrasound_folder, pool=None)
    prompts = prompts_of(list(zip(images, find_anatomy(images, kind), strict=True)))
    assert all(prompt.startswith(f"{MODALITY}, ") for prompt in prompts)
    words = {word for prompt in prompts for word in prompt.split(", ")[1:]}
    assert words == {"no finding", "cyst", "whole", "region"}


def test_no_segmenter_of_lungs_is_trained_or_shipped(trained: Trained) -> None:
    assert not (trained.folder / "lung_fields").exists()
    stages = {path.name for path in (trained.folder / "state").iterdir() if path.is_dir()}
    assert stages == {"autoencoder", "denoiser", "few_steps", "decoder"}


def test_the_whole_budget_goes_to_the_stages_that_are_run(tmp_path: Path) -> None:
    recipe = Recipe(data=tmp_path, out=tmp_path, anatomy="none", budget_minutes=90)
    assert sum(map(recipe.minutes, recipe.trained)) == pytest.approx(90)
    with pytest.raises(SettingError, match="lung_fields segments lungs, but anatomy is 'masks'"):
        replace(recipe, anatomy="masks", stages=("lung_fields", "autoencoder", "denoiser"))


def test_the_checkpoint_says_what_it_was_trained_on(trained: Trained) -> None:
    held = json.loads((trained.folder / SETTINGS_FILE).read_text())
    assert (held["healthy_prompt"], held["anatomy"]) == (f"{MODALITY}, no finding, region", trained.kind)
    checkpoint = trained.engine.checkpoint
    assert (checkpoint.anatomy, checkpoint.healthy_prompt) == (trained.kind, held["healthy_prompt"])
    assert checkpoint.tokenizer.tokenize(f"{MODALITY}, cyst") == [
        "breast</w>", "ultrasound</w>", ",</w>", "cyst</w>"
    ]  # fmt: skip
    index = read_index(trained.folder)
    assert index is not None and index.seen(["p0", "p7", "p8"]) == ["p0", "p7"]


def test_the_engine_finds_no_lungs_in_it(trained: Trained) -> None:
    found = trained.engine.segment(source_of())
    assert (found.shape, found.dtype) == ((2, *SHAPE), torch.bool)
    assert not found.any()


def test_a_lesion_is_placed_anywhere_and_painted_dark(trained: Trained) -> None:
    sample, source = paint(trained.engine), source_of().pixels
    assert 300 < int(sample.mask.sum()) < 2000
    assert mean_inside(sample, sample.image) < 0.8 * mean_inside(sample, source)
    assert torch.equal(sample.image[~sample.edit_region], source[~sample.edit_region])


def test_a_lesion_is_placed_inside_an_anatomy_that_the_user_gives(trained: Trained) -> None:
    anatomy = torch.stack([torch.from_numpy(gland()), torch.zeros(SHAPE, dtype=torch.bool)])
    row, column = paint(trained.engine, anatomy=anatomy).provenance["centre_px"]
    assert gland()[round(row), round(column)]


def test_a_mask_of_the_users_own_is_painted_as_it_is(trained: Trained) -> None:
    mask = torch.zeros(1, *SHAPE, dtype=torch.bool)
    mask[:, 60:90, 30:70] = True
    sample = paint(trained.engine, mask=mask)
    assert torch.equal(sample.mask, mask)
    assert mean_inside(sample, sample.image) < 0.8 * mean_inside(sample, source_of().pixels)


def test_another_anatomy_is_another_engine_and_an_unknown_one_is_named(trained: Trained) -> None:
    settings = trained.folder / SETTINGS_FILE
    held = settings.read_text()
    try:
        other = {"none": "masks", "masks": "none"}[trained.kind]
        settings.write_text(json.dumps(json.loads(held) | {"anatomy": other}))
        engine = LesionSynthesizer.from_pretrained(trained.folder, device="cpu")
        assert engine.fingerprint != trained.engine.fingerprint
        settings.write_text(json.dumps(json.loads(held) | {"anatomy": "liver"}))
        with pytest.raises(
            CheckpointError, match=r"anatomy in .* is 'liver'; choose from lungs, masks, none"
        ):
            load_checkpoint(trained.folder, dtype=torch.float32)
    finally:
        settings.write_text(held)


def test_recipe_and_engine_know_the_same_anatomies() -> None:
    assert get_args(AnatomyKind) == ANATOMIES


def test_a_mask_of_another_size_is_named() -> None:
    one = Radiograph(
        np.zeros(SHAPE, np.uint8),
        {"file": "a.png", "mask": "a_mask.png"},
        lung_mask=np.zeros((5, 5), np.uint8),
    )
    with pytest.raises(GridError, match=r"a\.png is \(130, 150\) but its mask a_mask\.png is \(5, 5\)"):
        find_anatomy([one], "masks")


def test_a_lesion_is_painted_in_words_that_the_modality_knows(trained: Trained) -> None:
    said: list[str] = []
    encode = trained.engine._painter.prompts

    def note(prompts: list[str]) -> torch.Tensor:
        said.extend(prompts)
        return encode(prompts)

    trained.engine._painter.prompts = note  # type: ignore[assignment]
    try:
        paint(trained.engine)
    finally:
        trained.engine._painter.prompts = encode
    assert said[0] == f"{MODALITY}, cyst, region"
