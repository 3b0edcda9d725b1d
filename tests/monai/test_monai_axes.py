"""Left stays left: MONAI's `(C, W, H)` and the product's `(C, H, W)`, and whose millimetres are believed."""

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged, Resized, ScaleIntensityRanged
from PIL import Image

from medsynth_aug.types import Spacing
from medsynth_monai import read_record
from medsynth_monai.spacing import stated_spacing
from tests.monai.recording import RecordingSynthesizer

FIXED_RANGE = ScaleIntensityRanged("image", 0, 255, 0, 1)


@pytest.fixture
def right_lung_files(tmp_path, film):
    """Lung fields as two files: the right lung high on the left of the picture, no left lung."""
    right = np.zeros_like(film)
    right[15:45, 10:50] = 255
    paths = [tmp_path / "right.png", tmp_path / "left.png"]
    Image.fromarray(right).save(paths[0])
    Image.fromarray(np.zeros_like(right)).save(paths[1])
    return right > 0, paths


@pytest.mark.parametrize("seed", range(5))
def test_through_stock_loading_a_lesion_lands_in_the_patients_stated_side(
    painter, png, film, right_lung_files, seed
):
    right, paths = right_lung_files
    chain = Compose(
        [
            LoadImaged(["image", "lungs"]),
            EnsureChannelFirstd(["image", "lungs"]),
            FIXED_RANGE,
            painter(anatomy_key="lungs", mask_key="mask", seed=seed, spacing_mm=(1.0, 1.0)),
        ]
    )
    painted = chain({"image": png, "lungs": paths, "label": 0})
    assert painted["image"].shape == (1, film.shape[1], film.shape[0])
    assert read_record(painted["synthesis"]).provenance["side"] == "right"
    rows, columns = np.nonzero(painted["mask"][0].numpy().T)
    assert right[round(rows.mean()), round(columns.mean())]
    changed = np.abs(painted["image"][0].numpy().T - film / np.float32(255)) > 1e-6
    rows, columns = np.nonzero(changed)
    assert right[round(rows.mean()), round(columns.mean())]


@pytest.mark.parametrize("seed", range(5))
def test_without_anatomy_the_recorded_side_is_the_side_of_the_picture(painter, png, film, seed):
    chain = Compose(
        [LoadImaged("image"), EnsureChannelFirstd("image"), FIXED_RANGE, painter(mask_key="mask")]
    )
    chain.set_random_state(seed)
    painted = chain({"image": png, "label": 0})
    record = read_record(painted["synthesis"])
    rows, columns = np.nonzero(painted["mask"][0].numpy().T)
    assert (columns.mean() < film.shape[1] / 2) == (record.provenance["side"] == "right")
    assert np.allclose([rows.mean(), columns.mean()], record.provenance["centre_px"], atol=6)


def test_the_engine_sees_a_real_radiograph_the_way_it_hangs(painter, root):
    path = root / "examples" / "data" / "images" / "ker_IM-0172-0001.jpg"
    hanging = np.asarray(Image.open(path)) / np.float32(255)
    assert hanging.shape[0] != hanging.shape[1], "a wide film tells rows from columns"
    assert hanging[:, : hanging.shape[1] // 2].mean() != hanging[:, hanging.shape[1] // 2 :].mean()
    synthesizer = RecordingSynthesizer()
    chain = Compose(
        [LoadImaged("image"), EnsureChannelFirstd("image"), FIXED_RANGE, painter(synthesizer=synthesizer)]
    )
    painted = chain({"image": path, "label": 0})
    assert np.allclose(synthesizer.jobs[0].source.pixels[0], hanging, atol=1e-6)
    (sample,) = synthesizer.results
    assert torch.equal(painted["image"][0].as_tensor().T, sample.image[0])


def test_hw_is_honoured(painter, film, right_lung_files):
    right, _ = right_lung_files
    upright = torch.from_numpy(film[None] / np.float32(255)).float()
    lungs = torch.from_numpy(np.stack([right, np.zeros_like(right)]))
    transform = painter(spatial_order="HW", anatomy_key="lungs", mask_key="mask", spacing_mm=(1.0, 1.0))
    painted = transform({"image": upright, "lungs": lungs, "label": 0})
    rows, columns = np.nonzero(painted["mask"][0].numpy())
    assert right[round(rows.mean()), round(columns.mean())]


def test_both_orders_paint_the_same_picture(painter, item):
    wide = painter(seed=3)(item)
    upright = painter(seed=3, spatial_order="HW")({**item, "image": item["image"].transpose(1, 2)})
    assert torch.equal(wide["image"].as_tensor(), upright["image"].as_tensor().transpose(1, 2))
    assert wide["synthesis"] == upright["synthesis"]


def test_a_spacing_is_believed_only_if_the_file_stated_one():
    affine = torch.diag(torch.tensor([0.2, 0.4, 1.0, 1.0], dtype=torch.float64))
    stated = MetaTensor(torch.zeros(1, 4, 4), affine=affine, meta={"original_affine": affine.numpy()})
    assert stated_spacing(stated, "WH") == Spacing(row_mm=0.4, column_mm=0.2)
    assert stated_spacing(stated, "HW") == Spacing(row_mm=0.2, column_mm=0.4)
    silent = MetaTensor(torch.zeros(1, 4, 4), affine=affine, meta={"original_affine": np.eye(4)})
    assert stated_spacing(silent, "WH") is None
    assert stated_spacing(MetaTensor(torch.zeros(1, 4, 4), affine=affine), "WH") is None
    assert stated_spacing(torch.zeros(1, 4, 4), "WH") is None


def test_resizing_a_png_does_not_make_millimetres(painter, png):
    chain = Compose(
        [
            LoadImaged("image"),
            EnsureChannelFirstd("image"),
            Resized("image", (64, 48)),
            FIXED_RANGE,
            painter(),
        ]
    )
    record = read_record(chain({"image": png, "label": 0})["synthesis"])
    assert record.provenance["spacing_assumed"] is True


def test_a_stated_spacing_wins(painter, item):
    record = read_record(painter(spacing_mm=(0.9, 0.8))(item)["synthesis"])
    assert record.provenance["spacing_mm"] == [0.9, 0.8]
    assert record.provenance["spacing_assumed"] is False
