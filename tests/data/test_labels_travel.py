"""Guarantee 3: image, label, mask and box change together, or not at all."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from medsynth_aug.data.items.item import Parts, same
from medsynth_aug.data.items.labels import Labels, relabel
from medsynth_aug.data.items.painting import merge_mask, paint
from medsynth_aug.errors import GridError, LabelError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import FakeSynthesizer, Job, SynthesisRequest, SyntheticSample, real_source
from tests.data.small import SIDE, pictures

UNKNOWN = float("nan")


def painted() -> SyntheticSample:
    source = real_source(torch.from_numpy(pictures(1)))
    synthesizer = FakeSynthesizer()
    request = SynthesisRequest(
        source=source.digest,
        lesion=resolve_lesion("nodule"),
        engine=synthesizer.fingerprint,
        seed=0,
        slot="a",
    )
    sample = synthesizer.synthesize([Job(request, source)])[0]
    assert isinstance(sample, SyntheticSample)
    return sample


SAMPLE = painted()
LESION = SAMPLE.mask[0].numpy()


@pytest.mark.parametrize(
    ("label", "new"),
    [
        (0, 3),
        (np.int64(0), np.int64(3)),
        (np.array(0), np.array(3)),
        (torch.tensor(0), torch.tensor(3)),
        (0.0, 3.0),
        ("0", "3"),
        (None, 3),
    ],
)
def test_the_class_of_the_lesion_replaces_that_of_the_background(label: Any, new: Any) -> None:
    assert same(relabel(label, 3), new)


@given(
    st.lists(st.sampled_from([0.0, 1.0, -1.0, UNKNOWN]), min_size=3, max_size=8),
    st.sampled_from(["list", "tuple", "array", "tensor"]),
)
def test_the_bit_is_set_exclusive_columns_are_cleared_and_unknown_stays(row: list[float], form: str) -> None:
    make: Any = {"list": list, "tuple": tuple, "array": np.array, "tensor": torch.tensor}[form]
    label = make(row)
    new = relabel(label, 2, exclusive=[0])
    assert same(new, make([0.0, row[1], 1.0, *row[3:]]))
    assert same(label, make(row))


def test_a_class_name_cannot_be_written_into_a_number() -> None:
    with pytest.raises(LabelError, match="use its number"):
        relabel(torch.tensor(0), "nodule")


@pytest.mark.parametrize("form", ["bool", "uint8", "255", "pil", "tensor", "chw"])
def test_an_existing_mask_becomes_the_union(form: str) -> None:
    old = np.zeros((SIDE, SIDE), bool)
    old[:5, :5] = True
    mask: Any = {
        "bool": old,
        "uint8": old.astype(np.uint8),
        "255": old.astype(np.uint8) * 255,
        "pil": Image.fromarray(old.astype(np.uint8) * 255),
        "tensor": torch.from_numpy(old),
        "chw": torch.from_numpy(old)[None].float(),
    }[form]
    new = merge_mask(mask, SAMPLE.mask, 3)
    assert type(new) is type(mask)
    values, before = np.asarray(new), np.asarray(mask)
    assert values.dtype == before.dtype and values.shape == before.shape
    assert ((values.reshape(SIDE, SIDE) != 0) == (old | LESION)).all()
    assert set(np.unique(values)) == set(np.unique(before))


def test_an_empty_pil_mask_gets_white_where_the_lesion_is() -> None:
    new = np.asarray(merge_mask(Image.new("L", (SIDE, SIDE)), SAMPLE.mask, 3))
    assert set(np.unique(new)) == {0, 255}


def test_a_mask_of_classes_takes_the_class_where_the_lesion_is() -> None:
    classes = np.full((SIDE, SIDE), 7, np.int16)
    new = merge_mask(classes, SAMPLE.mask, 3, "classes")
    assert (new[LESION] == 3).all() and (new[~LESION] == 7).all()
    with pytest.raises(GridError, match="mask_holds"):
        merge_mask(np.arange(SIDE * SIDE).reshape(SIDE, SIDE), SAMPLE.mask, 3)


def test_a_mask_with_a_channel_for_each_column_changes_in_one_channel() -> None:
    new = merge_mask(np.zeros((4, SIDE, SIDE), bool), SAMPLE.mask, 2)
    assert (new[2] == LESION).all() and not new[[0, 1, 3]].any()


def test_a_mask_off_the_image_grid_is_refused() -> None:
    with pytest.raises(GridError, match="resample the mask"):
        merge_mask(np.zeros((8, 8), bool), SAMPLE.mask, 3)


@pytest.mark.parametrize(
    "boxes", [np.array([[1, 2, 3, 4]]), torch.tensor([[1.0, 2, 3, 4]]), np.zeros((0, 4))]
)
def test_existing_boxes_stay_and_that_of_the_lesion_follows(boxes: Any) -> None:
    parts = paint(Parts(pictures(1)[0], 0, None, boxes), SAMPLE, 3)
    assert SAMPLE.box is not None
    assert same(parts.boxes[:-1], boxes)
    assert tuple(parts.boxes[-1]) == SAMPLE.box


def test_labels_that_are_no_labels_are_refused() -> None:
    with pytest.raises(LabelError, match="3 labels for 4 items"):
        Labels.of([0, 1, 1], count=4)
    with pytest.raises(LabelError, match="item 1 holds 2 in column 0"):
        Labels.of([[0, 1], [2, 0]], count=2)
    with pytest.raises(LabelError, match="same length"):
        Labels.of([[0, 1], [0]], count=2)
    with pytest.raises(LabelError, match="item 1 is NaN"):
        Labels.of([0.0, UNKNOWN], count=2)
