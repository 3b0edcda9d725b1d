"""How labels and masks change: single- and multi-label, in the type they came in."""

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from medsynth_aug.errors import GridError, LabelError


@pytest.mark.parametrize(
    "label",
    [0, np.int64(0), np.uint8(0), np.array(0), torch.tensor(0), torch.tensor(0, dtype=torch.uint8)],
    ids=["int", "int64", "uint8", "array", "tensor", "byte tensor"],
)
def test_a_class_comes_back_in_its_own_type(painter, item, label):
    new = painter()({**item, "label": label})["label"]
    assert new == 4
    assert type(new) is type(label)
    assert getattr(new, "dtype", None) == getattr(label, "dtype", None)


def test_classes_may_be_words(painter, item):
    painted = painter(lesions={"nodule": "nodule"}, background=["normal"])({**item, "label": "normal"})
    assert painted["label"] == "nodule"


@pytest.mark.parametrize("form", [list, tuple, np.array, torch.tensor], ids=lambda form: form.__name__)
def test_a_column_is_set_in_the_vectors_own_type(painter, item, form):
    vector = form([1, 0, 0, 0])
    painted = painter(lesions={2: "nodule"}, background=None, exclusive=(0,))({**item, "label": vector})
    assert type(painted["label"]) is type(vector)
    assert list(painted["label"]) == [0, 0, 1, 0]
    assert list(vector) == [1, 0, 0, 0]


def test_unknown_columns_stay_unknown(painter, item):
    vector = torch.tensor([0.0, float("nan"), -1.0, 0.0])
    new = painter(lesions={3: "nodule"}, background=None)({**item, "label": vector})["label"]
    assert new[1].isnan() and new[2] == -1 and new[3] == 1


def test_by_default_an_item_with_a_lesion_column_is_not_background(painter, item):
    transform = painter(lesions={1: "nodule", 2: "nodule"}, background=None)
    vector = torch.tensor([0, 0, 1])
    assert torch.equal(transform({**item, "label": vector})["label"], vector)
    other_finding = transform({**item, "label": torch.tensor([1, 0, 0])})["label"]
    assert other_finding[0] == 1 and other_finding[1:].sum() == 1


def test_a_predicate_decides_what_background_is(painter, item):
    transform = painter(lesions={1: "nodule"}, background=lambda vector: bool(vector[0] == 1))
    assert transform({**item, "label": torch.tensor([0, 0])})["label"].sum() == 0
    assert transform({**item, "label": torch.tensor([1, 0])})["label"].sum() == 2


def test_a_mask_of_the_item_is_joined_not_replaced(painter, item):
    mine = MetaTensor(torch.zeros(item["image"].shape))
    mine[0, :3, :3] = 1
    painted = painter(mask_key="mask")({**item, "mask": mine})["mask"]
    assert isinstance(painted, MetaTensor) and painted.dtype == mine.dtype
    assert painted[0, :3, :3].all()
    assert painted.sum() > mine.sum() == 9


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float32, torch.float64])
def test_a_mask_keeps_its_dtype_and_its_own_mark(painter, item, dtype):
    mine = torch.zeros(item["image"].shape, dtype=dtype)
    mine[0, :3, :3] = 255 if dtype != torch.bool else True
    painted = painter(mask_key="mask")({**item, "mask": mine})["mask"]
    assert painted.dtype == dtype
    assert painted.unique().tolist() == mine.unique().tolist()
    assert (painted != 0).sum() > 9


def test_with_one_mask_channel_a_column_only_the_lesions_own_changes(painter, item):
    masks = torch.zeros((3, *item["image"].shape[1:]), dtype=torch.uint8)
    masks[1, :3, :3] = 1
    transform = painter(lesions={2: "nodule"}, background=None, mask_key="masks")
    painted = transform({**item, "label": torch.tensor([0, 1, 0]), "masks": masks})["masks"]
    assert not painted[0].any()
    assert torch.equal(painted[1], masks[1])
    assert painted[2].any()


def test_a_single_class_without_background_classes_is_an_error(painter, item):
    with pytest.raises(LabelError, match=r"background=\[0\]"):
        painter(background=None)(item)


def test_background_classes_for_a_vector_of_columns_are_an_error(painter, item):
    with pytest.raises(LabelError, match="background=lambda label"):
        painter(lesions={1: "nodule"}, background=[0])({**item, "label": torch.zeros(3)})


def test_a_missing_label_is_named(painter, item):
    with pytest.raises(LabelError, match="an item has no 'finding', only"):
        painter(label_key="finding")(item)


def test_a_column_beyond_the_vector_is_an_error(painter, item):
    with pytest.raises(LabelError, match="column 14 is not in a label vector of 3 columns"):
        painter(lesions={14: "nodule"}, background=None)({**item, "label": torch.zeros(3)})


@pytest.mark.parametrize("label", [None, {"class": 0}, torch.zeros(2, 2)], ids=["none", "dict", "matrix"])
def test_a_label_of_no_known_form_is_an_error(painter, item, label):
    with pytest.raises(LabelError, match="must be a class"):
        painter()({**item, "label": label})


@pytest.mark.parametrize("label", [np.uint8(0), torch.tensor(0, dtype=torch.uint8), False])
def test_a_class_that_the_labels_type_cannot_hold_is_an_error(painter, item, label):
    with pytest.raises(LabelError, match="300"):
        painter(lesions={300: "nodule"})({**item, "label": label})


def test_a_mask_off_the_image_grid_is_an_error_and_nothing_changes(painter, item):
    with pytest.raises(GridError, match="resample the mask onto the image grid"):
        painter(mask_key="mask")({**item, "mask": torch.zeros(1, 8, 8)})


def test_a_mask_with_other_channels_is_an_error(painter, item):
    with pytest.raises(GridError, match="mask has 2 channels"):
        painter(mask_key="mask")({**item, "mask": torch.zeros((2, *item["image"].shape[1:]))})
