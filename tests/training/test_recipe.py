"""The recipe makes a folder that stock diffusers runs, says whom it saw, and trains on where it stopped."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, StableDiffusionControlNetInpaintPipeline
from safetensors.torch import load_file
from transformers import CLIPTokenizer

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.conditioning import CONTROL_NAMES
from medsynth_aug.diffusion.training_index import read_index
from medsynth_aug.errors import CheckpointError
from medsynth_aug.lesions import catalogue, resolve_lesion
from medsynth_aug.training.seeded import seeded_weights
from medsynth_aug.training.starter.recipe import run
from medsynth_aug.training.starter.settings import SHARES, Recipe
from tests.training.conftest import write_folder

STAGES = tuple(SHARES)


def smoke(data: Path, out: Path) -> Recipe:
    """Two steps a stage; the budget in minutes never binds."""
    return Recipe(
        data=data, out=out, budget_minutes=60, device="cpu", batch_size=2, max_steps=2, scenes_per_draw=4
    )


def steps_of(out: Path) -> dict[str, int]:
    return {stage: json.loads((out / "state" / stage / "state.json").read_text())["step"] for stage in STAGES}


@pytest.fixture(scope="module")
def checkpoint(radiograph_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(smoke(radiograph_folder, tmp_path_factory.mktemp("starter")))


def test_the_folder_runs_in_stock_diffusers(checkpoint: Path) -> None:
    pipeline = StableDiffusionControlNetInpaintPipeline.from_pretrained(
        checkpoint, dtype=torch.float32, safety_checker=None
    )
    pipeline.set_progress_bar_config(disable=True)
    chance = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 64, 64, generator=chance)
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 20:40, 20:40] = 1
    made = pipeline(
        "chest radiograph, nodule",
        image=image,
        mask_image=mask,
        control_image=torch.rand(1, len(CONTROL_NAMES), 64, 64, generator=chance),
        height=64,
        width=64,
        num_inference_steps=1,
        guidance_scale=1.0,
        strength=1.0,
        generator=chance,
        output_type="np",
    ).images
    assert made.shape == (1, 64, 64, 3)
    assert np.isfinite(made).all()


def test_every_weight_is_in_small_safetensors(checkpoint: Path) -> None:
    weights = [
        path for path in checkpoint.rglob("*") if path.suffix in {".bin", ".pt", ".ckpt", ".safetensors"}
    ]
    shipped = [path for path in weights if "state" not in path.relative_to(checkpoint).parts]
    assert {path.suffix for path in shipped} == {".safetensors"}
    assert max(path.stat().st_size for path in shipped) < 16 * 2**20
    assert sum(path.stat().st_size for path in shipped) < 64 * 2**20


def test_the_training_index_knows_its_patients_and_no_others(checkpoint: Path) -> None:
    index = read_index(checkpoint)
    assert index is not None
    asked = ["patient-0", "stranger", "patient-11", "group-3", "patient-12"]
    assert index.seen(asked) == ["patient-0", "patient-11", "group-3"]
    assert index.thumbnails.shape == (12, 32, 32)
    assert "patient-0" not in (checkpoint / "training_index" / "patients.json").read_text()


def test_the_trained_segmenter_is_beside_the_checkpoint(checkpoint: Path) -> None:
    weights = checkpoint / "lung_fields" / "model.safetensors"
    assert segment_lungs(np.zeros((40, 30), np.float32), weights=weights).shape == (2, 40, 30)


@pytest.mark.slow
def test_a_stopped_run_trains_on(checkpoint: Path, radiograph_folder: Path) -> None:
    assert steps_of(checkpoint) == dict.fromkeys(STAGES, 2)
    run(replace(smoke(radiograph_folder, checkpoint), max_steps=3))
    assert steps_of(checkpoint) == dict.fromkeys(STAGES, 3)
    assert (checkpoint / "curves.png").stat().st_size > 0


@pytest.mark.slow
def test_a_stopped_run_keeps_its_vocabulary_when_a_lesion_is_registered_since(
    radiograph_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = replace(smoke(radiograph_folder, tmp_path / "out"), start_from="starter", max_steps=1, limit=4)
    out = run(one)
    held = len(CLIPTokenizer.from_pretrained(out / "tokenizer"))
    odd = replace(resolve_lesion("nodule"), name="odd", prompt="unheard zebra")
    monkeypatch.setitem(catalogue._LESIONS, "odd", odd)
    run(replace(one, max_steps=2))
    assert len(CLIPTokenizer.from_pretrained(out / "tokenizer")) == held
    assert json.loads((out / "state" / "denoiser" / "state.json").read_text())["step"] == 2


def test_without_lung_masks_and_held_out_patients_it_says_so_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_folder(tmp_path / "cxr", patients=1, masks=0)
    out = run(replace(smoke(data, tmp_path / "out"), max_steps=1))
    said = capsys.readouterr().out
    assert "no training image has a lung mask: lung fields are not trained" in said
    assert "one patient only: nothing is held out" in said
    assert not (out / "state" / "lung_fields").exists()
    curve = [
        json.loads(line) for line in (out / "state" / "denoiser" / "curve.jsonl").read_text().splitlines()
    ]
    assert all("held_out" not in line for line in curve)
    assert (out / "model_index.json").is_file()


def test_a_run_that_starts_from_a_checkpoint_keeps_its_autoencoder_and_trains_its_denoiser_on(
    checkpoint: Path, radiograph_folder: Path, tmp_path: Path
) -> None:
    out = run(replace(smoke(radiograph_folder, tmp_path / "next"), start_from=str(checkpoint)))

    def weights(folder: Path, part: str) -> dict[str, torch.Tensor]:
        files = sorted((folder / part).glob("*.safetensors"))
        return {name: value for file in files for name, value in load_file(file).items()}

    def apart(part: str) -> float:
        before, after = weights(checkpoint, part), weights(out, part)
        return max(float((before[name].float() - after[name].float()).abs().max()) for name in before)

    assert apart("vae") == apart("lung_fields") == 0
    assert str(checkpoint) not in "".join(file.read_text() for file in out.glob("*/config.json"))
    assert 0 < apart("unet") < 0.05
    assert {path.name for path in (out / "state").iterdir()} == {"denoiser", "vocabulary.json"}


def test_a_checkpoint_of_another_layout_cannot_be_trained_on(
    checkpoint: Path, radiograph_folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(checkpoint, other, ignore=shutil.ignore_patterns("state", "controlnet"))
    three = {**ControlNetModel.load_config(checkpoint / "controlnet"), "conditioning_channels": 3}
    ControlNetModel.from_config(three).save_pretrained(other / "controlnet")
    with pytest.raises(CheckpointError, match=r"its ControlNets \[3\]; this recipe trains 9 and \[4\]"):
        run(replace(smoke(radiograph_folder, tmp_path / "out"), start_from=str(other)))


def test_the_first_weights_follow_the_seed_and_leave_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    made = []
    for seed in (0, 0, 1):
        with seeded_weights(seed):
            made.append(torch.nn.Linear(3, 3).weight)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])
    assert torch.equal(torch.get_rng_state(), before)
