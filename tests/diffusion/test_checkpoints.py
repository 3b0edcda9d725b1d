"""What a checkpoint must be, what it may say of itself, and where it runs."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.errors import CheckpointError, DeviceError, SettingError, UnknownCheckpointError
from medsynth_aug.synthesis import Refusal, SyntheticSample
from tests.diffusion.jobs import job_of


def test_a_checkpoint_that_was_written_anew_is_another_engine(
    tmp_path: Path, starter_like_folder: Path
) -> None:
    folder = tmp_path / "checkpoint"
    shutil.copytree(starter_like_folder, folder)
    before = LesionSynthesizer.from_pretrained(folder, device="cpu").fingerprint
    file = next((folder / "unet").glob("*.safetensors"))
    weights = load_file(file)
    save_file({name: value + 1e-3 for name, value in weights.items()}, file)
    assert LesionSynthesizer.from_pretrained(folder, device="cpu").fingerprint != before


def test_a_lesion_that_denoising_took_away_is_refused(tmp_path: Path, starter_like_folder: Path) -> None:
    folder = tmp_path / "checkpoint"
    shutil.copytree(starter_like_folder, folder)
    (folder / "medsynth.json").write_text('{"least_kept": 1.0}')
    strict = LesionSynthesizer.from_pretrained(folder, device="cpu")
    lenient = LesionSynthesizer.from_pretrained(starter_like_folder, device="cpu")
    refused = 0
    for seed in range(6):
        kept, result = (one.synthesize([job_of(one, seed=seed)])[0] for one in (lenient, strict))
        assert isinstance(kept, SyntheticSample)
        if isinstance(result, Refusal):
            refused += 1
            assert "its label would stand without a sign" in result.reason and not result.final
    assert refused > 0
    sham = job_of(strict)
    sham = replace(sham, request=replace(sham.request, purpose="sham"))
    assert isinstance(strict.synthesize([sham])[0], SyntheticSample)


def test_a_setting_of_the_checkpoint_out_of_its_range_is_named(
    tmp_path: Path, starter_like_folder: Path
) -> None:
    folder = tmp_path / "checkpoint"
    shutil.copytree(starter_like_folder, folder)
    (folder / "medsynth.json").write_text('{"least_kept": 2}')
    with pytest.raises(CheckpointError, match=r"least_kept in .* is 2\.0; it must be in \[0, 1\]"):
        LesionSynthesizer.from_pretrained(folder, device="cpu")


def test_a_device_that_is_not_there_is_an_error(starter_like_folder: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has the device")
    with pytest.raises(DeviceError, match="use device='auto'"):
        LesionSynthesizer.from_pretrained(starter_like_folder, device="cuda")
    with pytest.raises(SettingError, match="choose auto"):
        LesionSynthesizer.from_pretrained(starter_like_folder, device="tpu9")


def test_an_unknown_checkpoint_is_an_error() -> None:
    with pytest.raises(UnknownCheckpointError, match=r"no folder and no Hub id|neither a folder|no Hub id"):
        LesionSynthesizer.from_pretrained("not/a/hub/id")


def test_a_missing_part_is_named(tmp_path: Path, sd15_folder: Path) -> None:
    for part in ("unet", "text_encoder", "tokenizer", "scheduler"):
        (tmp_path / part).symlink_to(sd15_folder / part)
    with pytest.raises(CheckpointError, match="has no vae/"):
        LesionSynthesizer.from_pretrained(tmp_path)


def test_a_checkpoint_kept_as_a_pickle_only_is_refused(tmp_path: Path, sd15_folder: Path) -> None:
    for part in ("vae", "text_encoder", "tokenizer", "scheduler"):
        (tmp_path / part).symlink_to(sd15_folder / part)
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"anything")
    with pytest.raises(CheckpointError, match="pickle only"):
        LesionSynthesizer.from_pretrained(tmp_path)


def test_a_checkpoint_without_a_controlnet_says_what_to_pass(tmp_path: Path, sd15_folder: Path) -> None:
    for part in ("vae", "unet", "text_encoder", "tokenizer", "scheduler"):
        (tmp_path / part).symlink_to(sd15_folder / part)
    with pytest.raises(CheckpointError, match="holds no ControlNet"):
        LesionSynthesizer.from_pretrained(tmp_path)
    opened = LesionSynthesizer.from_pretrained(
        tmp_path, device="cpu", controlnet=[sd15_folder / "controlnet"]
    )
    assert isinstance(opened.synthesize([job_of(opened)])[0], SyntheticSample)


def test_mps_is_an_error_where_it_is_not_there(starter_like_folder: Path) -> None:
    if torch.backends.mps.is_available():
        pytest.skip("this machine has the device")
    with pytest.raises(DeviceError, match="device 'mps' was asked for"):
        LesionSynthesizer.from_pretrained(starter_like_folder, device="mps")
