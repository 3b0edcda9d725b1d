"""Hugging Face data sets: through the adapter, and as they are."""

from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from datasets import ClassLabel, Features, Image, List, Value
from PIL import Image as Pillow

from medsynth_aug.data import HuggingFaceDataset, RebalancedDataset, check_splits
from medsynth_aug.errors import (
    ImageError,
    LabelError,
    PlanError,
    SettingError,
    SplitLeakError,
    UnreadableFileError,
)
from medsynth_aug.synthesis import FakeSynthesizer
from tests.data.small import pictures

PICTURES = pictures(8)
LABELS = [0] * 6 + [1] * 2


def made(images: Any = PICTURES, kind: Any = None, **columns: Any) -> datasets.Dataset:
    """Eight images with their patients and whatever columns are named."""
    columns = {"label": LABELS, "patient": [f"p{index}" for index in range(len(images))], **columns}
    kinds = {"label": ClassLabel(names=["normal", "nodule"]), **(kind or {})}
    table = {"image": [Pillow.fromarray(image) for image in images], **columns}
    plain = datasets.Dataset.from_dict(
        {k: v for k, v in table.items() if k != "image" and k not in kinds}
    ).features
    return datasets.Dataset.from_dict(table, features=Features({"image": Image(), **plain, **kinds}))


def test_classes_patients_and_pixels_are_those_of_the_data_set() -> None:
    data = HuggingFaceDataset(made())
    assert (len(data), data.targets, data.class_to_idx) == (8, LABELS, {"normal": 0, "nodule": 1})
    assert data.groups == [f"p{index}" for index in range(8)]
    assert (data[3]["image"].numpy() == PICTURES[3][None]).all() and data[3]["patient"] == "p3"
    assert HuggingFaceDataset(made(), patient=None).groups is None


def test_sixteen_bit_images_keep_their_depth() -> None:
    deep = PICTURES.astype(np.uint16) * 257
    data = HuggingFaceDataset(made(deep), value_range=(0, 65535), spacing_mm=(2.5, 2.5))
    assert data[0]["image"].dtype == torch.uint16 and (data[0]["image"].numpy() == deep[:1]).all()


def test_names_and_numbers_are_classes_too() -> None:
    named = made(label=["sick"] * 2 + ["fit"] * 6, kind={"label": Value("string")})
    assert HuggingFaceDataset(named).class_to_idx == {"fit": 0, "sick": 1}
    numbered = made(label=[5] * 8, kind={"label": Value("int64")})
    assert HuggingFaceDataset(numbered).targets == [5] * 8


def test_lists_of_classes_and_several_columns_are_vectors() -> None:
    kind = {"label": List(ClassLabel(names=["mass", "nodule"]))}
    lists = HuggingFaceDataset(made(label=[[0, 1], [1], *[[]] * 6], kind=kind))
    assert lists.targets[:3] == [[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
    assert lists.class_to_idx == {"mass": 0, "nodule": 1}
    columns = made(mass=[1, 0, -1, None, 0, 0, 0, 0], nodule=[0] * 8)
    several = HuggingFaceDataset(columns, label=["mass", "nodule"])
    assert several.targets[2] == [-1.0, 0.0] and torch.isnan(several[3]["label"][0])


def test_a_random_transform_of_the_data_set_is_set_aside() -> None:
    chance = np.random.default_rng(0)
    noisy = made().with_transform(lambda batch: {**batch, "label": [chance.random() for _ in batch["label"]]})
    data = HuggingFaceDataset(noisy)
    assert data.targets == LABELS and data[0]["label"] == 0


@pytest.mark.parametrize(("wrong", "error", "says"), [
    (lambda: datasets.DatasetDict({"train": made()}), SettingError, r"the splits train; give one of them"),
    (lambda: made().to_iterable_dataset(), SettingError, "is streamed; load it whole"),
    (lambda: [1, 2], SettingError, "data is a list; give a datasets.Dataset"),
    (lambda: made().remove_columns("label"), LabelError, "no column label; it has image, patient"),
    (lambda: made(patient=[None] * 8), PlanError, "no patient is known for 8 items"),
    (lambda: made(label=[None] * 8), LabelError, "item 0 has no class in column 'label'"),
    (lambda: made(label=[0.5] * 8, kind={"label": Value("float64")}), LabelError, "neither classes nor"),
])  # fmt: skip
def test_what_is_wrong_is_said(wrong: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        HuggingFaceDataset(wrong())


def test_an_entry_that_is_no_truth_value_is_refused() -> None:
    with pytest.raises(LabelError, match="item 1 holds 2 in column 'mass'"):
        HuggingFaceDataset(made(mass=[0, 2, 0, 0, 0, 0, 0, 0]), label=["mass"])


def test_bad_images_are_named() -> None:
    table = made().cast_column("image", Image(decode=False)).to_dict()
    table["image"][1]["bytes"] = table["image"][1]["bytes"][:60]
    kinds = Features({**made().features, "image": Image()})
    data = HuggingFaceDataset(datasets.Dataset.from_dict(table, features=kinds))
    assert data[0]["image"].shape == (1, 72, 72)
    with pytest.raises(UnreadableFileError, match="image 1 of the data set cannot be decoded"):
        data[1]
    colour = np.random.default_rng(0).integers(0, 255, (8, 9, 9, 3), np.uint8)
    with pytest.raises(ImageError, match="image 0 of the data set is in colour"):
        HuggingFaceDataset(made(colour))[0]
    with pytest.raises(ImageError, match=r"image 0 of the data set is a str; cast the column first"):
        HuggingFaceDataset(made(path=["a"] * 8), image="path")[0]


def test_undecoded_images_are_decoded() -> None:
    data = HuggingFaceDataset(made().cast_column("image", Image(decode=False)))
    assert (data[2]["image"].numpy() == PICTURES[2][None]).all()


def test_splits_are_checked_like_those_of_other_readers() -> None:
    one, other = (HuggingFaceDataset(made().select(range(*ends))) for ends in ((0, 5), (4, 8)))
    with pytest.raises(SplitLeakError, match="1 patients stand in both train and val: p4"):
        check_splits({"train": one, "val": other}, progress=False)


@pytest.mark.parametrize("adapted", [True, False])
def test_a_data_set_is_rebalanced_through_the_adapter_and_as_it_is(tmp_path: Path, adapted: bool) -> None:
    source = HuggingFaceDataset(made()) if adapted else made()
    given: dict[str, Any] = {"lesions": {"nodule": "nodule"}, "background": ["normal"]} if adapted else {
        "lesions": {1: "nodule"}, "background": [0], "groups": list(made()["patient"]),
    }  # fmt: skip
    filled = RebalancedDataset(source, FakeSynthesizer(), **given, bank=tmp_path, progress=False)
    assert len(filled) == 8 + 2
    item, sample = filled[8], filled.sample(8)
    background = PICTURES[filled.plan.samples[0].index]
    outside = ~sample.edit_region[0].numpy()
    pixels = np.asarray(item["image"]).reshape(72, 72)
    assert item["label"] == 1 and (pixels[outside] == background[outside]).all()
    assert isinstance(item["image"], torch.Tensor if adapted else Pillow.Image)
