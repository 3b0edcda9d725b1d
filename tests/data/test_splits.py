"""Guarantee 4: no patient and no picture stands in two splits."""

from typing import Any

import cv2
import numpy as np
import pytest

from medsynth_aug.data import Split, check_splits
from medsynth_aug.data.splits.groups import check_holdout, group_names, resolve_groups
from medsynth_aug.errors import PlanError, SplitLeakError
from tests.data.small import Items


def smooth(count: int, seed: int) -> list[np.ndarray]:
    """Pictures with structure at every scale down to a few pixels, as radiographs have."""
    rng = np.random.default_rng(seed)
    made = [
        sum(cv2.GaussianBlur(rng.normal(size=(96, 80)), (0, 0), s) * s for s in (2, 5, 12))
        for _ in range(count)
    ]
    return [cv2.normalize(image, None, 20, 220, cv2.NORM_MINMAX).astype(np.uint8) for image in made]


TRAIN, VAL = smooth(6, 1), smooth(4, 2)


def splits(val: list[np.ndarray]) -> dict[str, Split]:
    return {
        "train": Split([f"t{i}" for i in range(6)], TRAIN),
        "val": Split([f"v{i}" for i in range(len(val))], val),
    }


def resaved(image: np.ndarray) -> np.ndarray:
    coded = cv2.imencode(".jpg", cv2.resize(image, (60, 72), interpolation=cv2.INTER_AREA))[1]
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)


def darker(image: np.ndarray) -> np.ndarray:
    return (image * 0.8 + 5).astype(np.uint8)


def sixteen_bit(image: np.ndarray) -> np.ndarray:
    return image.astype(np.uint16) * 16


def test_different_pictures_of_different_patients_pass() -> None:
    check_splits(splits(VAL), progress=False)


@pytest.mark.parametrize("copy", [np.copy, resaved, darker, sixteen_bit])
def test_a_copy_in_another_split_is_found_and_named(copy: Any) -> None:
    with pytest.raises(
        SplitLeakError, match=r"1 images stand in both train and val.*patient t4 = patient v2"
    ):
        check_splits(splits([VAL[0], VAL[1], copy(TRAIN[4])]), progress=False)


def test_blank_images_are_only_exact_copies_of_each_other() -> None:
    blank = np.zeros((50, 40), np.uint8)
    check_splits({"a": Split(["1"], [blank]), "b": Split(["2"], [blank + 1])}, progress=False)
    with pytest.raises(SplitLeakError):
        check_splits({"a": Split(["1"], [blank]), "b": Split(["2"], [blank])}, progress=False)


def test_a_patient_in_two_splits_is_named_whatever_type_the_id_has() -> None:
    with pytest.raises(SplitLeakError, match="1 patients stand in both train and test: 7; "):
        check_splits({"train": [1, np.int64(7)], "val": ["x"], "test": ["7", "8"]})


def test_data_sets_bring_their_own_patients_and_pictures() -> None:
    train = Items([(image, 0) for image in TRAIN], groups=list("abcdef"))
    val = Items([{"image": image, "label": 1} for image in [VAL[0], TRAIN[0]]], groups=["x", "y"])
    with pytest.raises(SplitLeakError, match="patient a = patient y"):
        check_splits({"train": train, "val": val}, progress=False)


@pytest.mark.parametrize("split", [Items([(TRAIN[0], 0)]), "abc"])
def test_a_split_without_patients_says_what_to_pass(split: Any) -> None:
    with pytest.raises(PlanError, match=r"Split\("):
        check_splits({"train": split, "val": ["a"]})


def test_patients_are_needed_and_both_ways_are_named() -> None:
    with pytest.raises(PlanError, match=r'groups=\[...\].*groups="each-image"'):
        resolve_groups(None, 3)
    assert len(set(resolve_groups("each-image", 3))) == 3


@pytest.mark.parametrize("unknown", [None, float("nan"), "", "  "])
def test_unknown_patients_are_counted_and_placed(unknown: Any) -> None:
    with pytest.raises(PlanError, match="known for 2 items, first 1, 3; "):
        group_names(["a", unknown, "b", unknown])


def test_groups_are_one_for_each_item() -> None:
    with pytest.raises(PlanError, match="2 patients for 3 items"):
        resolve_groups(["a", "b"], 3)
    with pytest.raises(PlanError, match="'each image'"):
        resolve_groups("each image", 3)  # type: ignore[arg-type]


def test_a_held_out_patient_may_not_train() -> None:
    check_holdout(["a"], ["a"], ["b"])
    with pytest.raises(SplitLeakError, match="held out as well: 7, a; "):
        check_holdout(["a", 7], group_names(["a", 7]), ["b", 7.0, "a"])
    with pytest.raises(PlanError, match="cannot be compared"):
        check_holdout("each-image", ["image 0"], ["b"])
