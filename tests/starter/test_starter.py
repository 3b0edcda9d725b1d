"""What the shipped checkpoint promises: size, stock loading, what it never saw, and that it paints."""

import csv
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionControlNetInpaintPipeline

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.diffusion import LesionSynthesizer, read_index
from medsynth_aug.diffusion.checkpoint import STARTER
from medsynth_aug.lesions import lesion_names, resolve_lesion
from medsynth_aug.synthesis import Job, SamplingSettings, SynthesisRequest, SyntheticSample, real_source
from medsynth_aug.synthesis.canvas import Canvas
from medsynth_aug.synthesis.digest import digest_pixels


def phantom() -> torch.Tensor:
    rows, columns = np.mgrid[:200, :220]
    lungs = schematic_lungs((200, 220)).any(0).numpy()
    grey = 150 + 20 * np.sin(rows / 9) - 60 * lungs + 5 * np.cos(columns / 5)
    return torch.from_numpy(grey.round().astype(np.uint8))[None]


def test_the_weights_are_at_most_64_megabytes_of_safetensors() -> None:
    weights = list(STARTER.rglob("*.safetensors"))
    assert sum(file.stat().st_size for file in weights) <= 64e6
    assert all(file.stat().st_size <= 16 * 2**20 for file in weights)
    assert not [file for pattern in ("*.bin", "*.pt", "*.pkl", "*.ckpt") for file in STARTER.rglob(pattern)]


def test_no_configuration_names_a_folder_of_whoever_trained_it() -> None:
    assert not [file for file in STARTER.rglob("*.json") if "_name_or_path" in file.read_text()]


def test_the_card_and_the_notices_stand_beside_the_weights() -> None:
    assert "eval" in (STARTER / "README.md").read_text()
    assert "CC BY 4.0" in (STARTER / "NOTICE.md").read_text()


def test_the_starter_never_saw_a_patient_of_the_examples(root: Path) -> None:
    index = read_index(STARTER)
    assert index is not None and len(index.patients) > 1000 and len(index.thumbnails) > 3000
    with (root / "examples" / "data" / "labels.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) >= 40
    assert index.seen(row["patient_id"] for row in rows) == []
    assert index.seen(row["group_id"] for row in rows) == []


def test_the_index_knows_a_patient_that_was_trained_on() -> None:
    index = read_index(STARTER)
    assert index is not None and index.saw_patient("nih_00100") and not index.saw_patient("nobody")


def test_stock_diffusers_loads_and_runs_the_starter() -> None:
    pipeline = StableDiffusionControlNetInpaintPipeline.from_pretrained(
        STARTER, safety_checker=None, dtype=torch.float32
    )
    pipeline.set_progress_bar_config(disable=True)
    image = (phantom()[:, :128, :128].float() / 255).repeat(3, 1, 1)[None]
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., 40:80, 40:80] = 1
    result = pipeline(
        prompt="chest radiograph, pulmonary nodule", image=image, mask_image=mask,
        control_image=torch.zeros(1, 4, 128, 128), num_inference_steps=2, strength=1.0, guidance_scale=1.0,
        height=128, width=128, generator=torch.Generator().manual_seed(0), output_type="np",
    ).images  # fmt: skip
    assert result.shape == (1, 128, 128, 3) and np.isfinite(result).all()


def test_the_starter_paints_every_lesion_of_the_catalogue() -> None:
    engine = LesionSynthesizer.from_pretrained("starter", device="cpu")
    source = real_source(phantom())
    for name in lesion_names():
        request = SynthesisRequest(
            source=source.digest, lesion=resolve_lesion(name), engine=engine.fingerprint, seed=0, slot="0",
            sampling=SamplingSettings(num_inference_steps=1),
        )  # fmt: skip
        result = engine.synthesize([Job(request, source, anatomy=schematic_lungs((200, 220)))])[0]
        if isinstance(result, SyntheticSample):
            outside = ~result.edit_region
            assert torch.equal(result.image[outside], source.pixels[outside])
            assert not torch.equal(result.image, source.pixels)
        else:
            assert "without a sign" in result.reason or (name == "fracture" and "no place" in result.reason)


def test_a_whole_image_has_dark_lungs_where_they_were_asked_for() -> None:
    engine = LesionSynthesizer.from_pretrained("starter", device="cpu")
    lungs = schematic_lungs((256, 256))
    request = SynthesisRequest(
        source="none", lesion=None, purpose="patient", engine=engine.fingerprint, seed=0, slot="patient/0",
        canvas=Canvas(prompt="frontal chest radiograph, no finding, whole, adult", height=256, width=256),
        anatomy_digest=digest_pixels(lungs),
    )  # fmt: skip
    (made,) = engine.synthesize([Job(request, None, anatomy=lungs)])
    assert isinstance(made, SyntheticSample), made.reason
    grey, inside = made.image[0].float(), lungs.any(0)
    rows, columns = inside.any(1).nonzero()[:, 0], inside.any(0).nonzero()[:, 0]
    box = torch.zeros_like(inside)
    box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    assert float(grey[box & ~inside].mean() - grey[inside].mean()) > 20
    found = engine.segment(real_source(made.image)).any(0)
    dice = 2 * int((found & inside).sum()) / int(found.sum() + inside.sum())
    assert dice > 0.8
